"""allauth's views, with this program's answers to what may go wrong."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from allauth.account import views
from allauth.account.adapter import get_adapter
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.core.exceptions import SuspiciousOperation
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from requests import RequestException

from chat.accounts.single_sign_on import removal, sessions
from chat.accounts.single_sign_on.provider import ProviderError
from chat.accounts.single_sign_on.tokens import LEEWAY, MAX_LOGOUT_LIFE
from chat.conf import settings
from chat.exceptions import NotFound
from chat.sign_in.openid import SingleSignOnAdapter
from chat.sign_in.visitors import asks_provider
from chat.tools.mcp.oauth.addresses import is_allowed

logger = logging.getLogger(__name__)

# What allauth raises where the provider cannot be reached, or lacks or mistakes something.
UNUSABLE = (
    AttributeError,
    LookupError,
    OAuth2Error,
    RequestException,
    SuspiciousOperation,
    TypeError,
    ValueError,
)


class LoginView(views.LoginView):
    """allauth's view, which says where visitors may sign up, and who signs them in."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        local = not settings.sso_only
        context |= {
            "signup": settings.signup and local,
            "reset": settings.sends_mail and local,
            "passkeys": local,
            "sso": settings,
        }
        return context


class SignUpView(views.SignupView):
    """allauth's view, with an answer to names that were taken meanwhile."""

    def form_valid(self, form: Any) -> Any:
        try:
            return super().form_valid(form)
        except (IntegrityError, NotFound):
            form.add_error("username", get_adapter().validation_error("name_just_taken"))
            return self.form_invalid(form)


class ChangePasswordView(views.PasswordChangeView):
    """allauth's view, for accounts that have a password."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and not request.user.has_usable_password():
            return redirect("settings")
        return super().dispatch(request, *args, **kwargs)


def log_out(request: HttpRequest) -> HttpResponseBase:
    """Log out; a guest in the middle of a sign-in only leaves that."""
    if request.method == "POST" and request.user.is_authenticated and request.user.is_guest:
        was_signing_in = request.session.pop(LOGIN_SESSION_KEY, None) is not None
        if was_signing_in:
            return redirect("account_login")
    answer: HttpResponseBase = views.logout(request)
    return answer


@asks_provider
def sso_login(request: HttpRequest) -> HttpResponseBase:
    """Send the visitor to the provider, by a page of its own: the policy of pages lets no form lead elsewhere."""
    answer = _sso(OAuth2LoginView, request)
    if answer.status_code != 302:
        return answer
    address = answer.headers["Location"]
    if not is_allowed(address, settings.sso_url):
        return _failed(request, ValueError())
    return render(request, "socialaccount/leave.html", {"address": address, "name": settings.sso_name})


@asks_provider
def sso_callback(request: HttpRequest) -> HttpResponseBase:
    """Take the visitor back from the provider."""
    return _sso(OAuth2CallbackView, request)


@csrf_exempt  # called by the provider, which has no cookie here; the signed token is the proof
@require_POST
@never_cache
@asks_provider
def sso_logout(request: HttpRequest) -> HttpResponse:
    """End sessions at the provider's word (OpenID Connect Back-Channel Logout)."""
    try:
        claims = async_to_sync(sessions.logout_claims)(request.POST.get("logout_token", ""))
    except ProviderError as problem:
        logger.warning("action=sso_logout_refused reason=%s", problem)
        return HttpResponseBadRequest()
    used = f"logout-token-{hashlib.sha256(str(claims['jti']).encode()).hexdigest()}"
    if not cache.add(used, True, MAX_LOGOUT_LIFE + LEEWAY):
        return HttpResponseBadRequest()
    ended = removal.log_out(str(claims.get("sub", "")), str(claims.get("sid", "")))
    logger.info("action=sso_logout sessions=%d", ended)
    return HttpResponse()


def _sso(view: Any, request: HttpRequest) -> HttpResponseBase:
    """Answer with allauth's view; an answer of the provider that lacks something is an error of the sign-in."""
    try:
        answer: HttpResponseBase = view.adapter_view(SingleSignOnAdapter(request))(request)
    except UNUSABLE as problem:
        return _failed(request, problem)
    return answer


def _failed(request: HttpRequest, problem: Exception) -> HttpResponse:
    failed: HttpResponse = render_authentication_error(request, None, exception=problem)
    return failed
