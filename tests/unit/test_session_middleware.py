"""A page that cannot read its session is answered as it says, whichever name the session's cookie has."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from chat.accounts.session_middleware import SessionMiddleware

# The name that the cookie had in former versions: Django's own.
FORMER = "sessionid"


@pytest.mark.parametrize("name", [FORMER, settings.SESSION_COOKIE_NAME])
def test_the_answer_of_a_page_whose_database_is_away_is_passed_on(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page(request: HttpRequest) -> HttpResponse:
        with pytest.raises(OperationalError):
            request.session.get("anything")
        return HttpResponse(status=503)

    middleware = SessionMiddleware(page)
    monkeypatch.setattr(middleware.SessionStore, "load", Mock(side_effect=OperationalError))
    request = RequestFactory().get("/")
    request.COOKIES[name] = "a" * 32
    answer = middleware(request)
    assert isinstance(answer, HttpResponse)
    assert answer.status_code == 503
