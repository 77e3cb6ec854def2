"""Sessions of pages: Django's middleware, strict about keys, which renames cookies that have a former name."""

from __future__ import annotations

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions import middleware
from django.http import HttpRequest, HttpResponse

from chat.accounts import session_keys


class SessionMiddleware(middleware.SessionMiddleware):
    """Django's session middleware for cookies that any program on this host may have set."""

    def process_request(self, request: HttpRequest) -> None:
        session_keys.rename_csrf_cookie(request)
        request.session = self.SessionStore(session_keys.of_cookies(request.COOKIES))

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        # Only where the page could read the session: reading it for this alone would fail while the database is away.
        read = request.session.accessed and response.status_code < 500
        if read and session_keys.is_former(request.COOKIES) and request.session.get(SESSION_KEY) is not None:
            request.session.modified = True  # so that the cookie is sent once more, under its present name
        return super().process_response(request, response)
