"""Sign-up, login, password change and account settings, on Django's own views, for guests too."""

from __future__ import annotations

import contextlib
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.auth import login, logout
from django.contrib.auth.views import LoginView, PasswordChangeView, redirect_to_login
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from chat import service
from chat.accounts import accounts, revocation
from chat.accounts.identity import BACKEND, admitted
from chat.conf import settings
from chat.exceptions import ChatError, NotFound
from chat.governance.exceptions import UnderLegalHold
from chat.models import ApiToken, User
from chat.threads import shares
from chat.web.account_forms import ChangePasswordForm, DeletionForm, SignInForm, SignUpForm, TokenForm

# Tokens of one user: more than a person has programs.
MAX_TOKENS = 50
# Digits of a primary key: Postgres accepts no longer number.
PK_DIGITS = 19


def guest_id(request: HttpRequest) -> int | None:
    """Return the primary key of the logged-in guest; None for others."""
    user = request.user
    return user.pk if user.is_authenticated and user.is_guest else None


class SignInView(LoginView):
    """Django's login, with a note for guests about their chats."""

    authentication_form = SignInForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            signup=settings.signup, guest=guest_id(self.request) is not None, **kwargs
        )


class ChangePasswordView(PasswordChangeView):
    """Password change; all other sessions of the account end."""

    form_class = ChangePasswordForm
    template_name = "account/password.html"
    success_url = reverse_lazy("settings")

    def form_valid(self, form: Any) -> HttpResponse:
        """Change the password and the session's key; streams of this browser continue."""
        if self.request.session.session_key is not None:
            revocation.announce_replacement(int(self.request.user.pk or 0), self.request.session.session_key)
        return super().form_valid(form)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if guest_id(request) is not None:
            return redirect("signup" if settings.signup else "login")
        return super().dispatch(request, *args, **kwargs)


@never_cache
@sensitive_post_parameters()
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Show or process the sign-up form. A guest keeps the same user row, and so all data."""
    if not settings.signup:
        return render(request, "account/closed.html", status=404)
    user = request.user
    if user.is_authenticated and not user.is_guest:
        return redirect("settings")
    guest = user if user.is_authenticated else None
    form = SignUpForm(request, request.POST or None, instance=guest)
    if form.is_valid() and _create_account(request, form, guest_id(request)):
        return redirect("chat")
    return render(request, "account/signup.html", {"form": form, "guest": guest is not None})


def _create_account(request: HttpRequest, form: SignUpForm, guest: int | None) -> bool:
    """Create the account and log its user in under a new session key. Return False if the name was taken meanwhile."""
    try:
        with transaction.atomic():
            if guest is not None:
                accounts.locked_guest(guest)
                if request.session.session_key is not None:
                    revocation.announce_replacement(guest, request.session.session_key)
            login(request, form.save(), backend=BACKEND)
    except (IntegrityError, NotFound):
        form.add_error("username", _("This name has just been taken. Choose another one."))
        return False
    return True


@never_cache
@sensitive_post_parameters()
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def account_settings(request: HttpRequest) -> HttpResponse:
    """Show the settings, or run the action that the field `do` of a submitted form names."""
    user = request.user
    if not admitted(user):
        return redirect_to_login(request.get_full_path())
    if request.method == "POST":
        action = ACTIONS.get(request.POST.get("do", ""))
        return HttpResponseBadRequest() if action is None else action(request, user)
    return _settings(request, user)


def _settings(request: HttpRequest, user: User, **shown: Any) -> HttpResponse:
    tokens = ApiToken.objects.filter(user=user).defer("digest").order_by("-pk")
    links = shares.active_shares(user.pk).select_related("thread")
    listed = {
        "tokens": tokens,
        "links": [(link, request.build_absolute_uri(f"/s/{link.public_id}")) for link in links],
    }
    forms = {
        "token_form": TokenForm(),
        "deletion_form": DeletionForm(request, user),
        "signup": settings.signup,
    }
    return render(request, "account/settings.html", {**listed, **forms, **shown})


def _make_token(request: HttpRequest, user: User) -> HttpResponse:
    form = TokenForm(request.POST)
    if user.is_guest:
        return HttpResponseBadRequest()  # the token would outlive the guest's only session
    if form.is_valid() and ApiToken.objects.filter(user=user).count() >= MAX_TOKENS:
        form.add_error("name", _("You have the largest number of tokens. Revoke one first."))
    if not form.is_valid():
        return _settings(request, user, token_form=form)
    return _settings(request, user, new_token=ApiToken.issue(user, form.cleaned_data["name"]))


def _revoke_token(request: HttpRequest, user: User) -> HttpResponse:
    number = request.POST.get("token", "")
    if number.isascii() and number.isdigit() and len(number) < PK_DIGITS:
        ApiToken.objects.filter(user=user, pk=int(number)).delete()
    return redirect("settings")


def _revoke_link(request: HttpRequest, user: User) -> HttpResponse:
    with contextlib.suppress(NotFound):
        shares.revoke(user.pk, request.POST.get("link", ""))
    return redirect("settings")


def _delete_account(request: HttpRequest, user: User) -> HttpResponse:
    form = DeletionForm(request, user, request.POST)
    if form.is_valid():
        try:
            async_to_sync(service.delete_account)(user.pk)
        except UnderLegalHold:
            form.add_error(None, _("This account cannot be deleted now. Ask the operator of this server."))
        except ChatError as error:
            form.add_error(None, error.detail)
        else:
            logout(request)
            return render(request, "account/gone.html")
    return _settings(request, user, deletion_form=form)


ACTIONS = {
    "make-token": _make_token,
    "revoke-token": _revoke_token,
    "revoke-link": _revoke_link,
    "delete-account": _delete_account,
}
