"""Account settings, for guests too."""

from __future__ import annotations

import contextlib
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from chat import service
from chat.accounts import preferences
from chat.accounts.identity import admitted
from chat.conf import settings
from chat.exceptions import BadRequest, ChatError, NotFound
from chat.governance.exceptions import UnderLegalHold
from chat.models import User
from chat.threads import shares
from chat.web.account_forms import DeletionForm, TokenForm, scopes_in_words


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
    links = shares.active_shares(user.pk).select_related("thread")
    listed = {
        "tokens": [(token, scopes_in_words(token.scopes)) for token in preferences.tokens(user.pk)],
        "links": [(link, request.build_absolute_uri(f"/s/{link.public_id}")) for link in links],
    }
    forms = {
        "token_form": TokenForm(),
        "deletion_form": DeletionForm(request, user),
        "signup": settings.signup and not settings.sso_only,
        "mail": settings.sends_mail and not settings.sso_only,
        "provider": settings.sso_name if settings.sso_url and user.has_usable_password() else "",
    }
    return render(request, "account/settings.html", {**listed, **forms, **shown})


def _make_token(request: HttpRequest, user: User) -> HttpResponse:
    form = TokenForm(request.POST)
    if user.is_guest:
        return HttpResponseBadRequest()  # the token would outlive the guest's only session
    if form.is_valid():
        try:
            with transaction.atomic():
                given = form.cleaned_data
                token = preferences.make_token(user.pk, given["name"], given["scopes"], form.end())
            return _settings(request, user, new_token=token)
        except BadRequest:
            form.add_error("name", _("You have the largest number of tokens. Revoke one first."))
    return _settings(request, user, token_form=form)


def _revoke_token(request: HttpRequest, user: User) -> HttpResponse:
    with contextlib.suppress(NotFound):
        preferences.revoke_token(user.pk, request.POST.get("token", ""))
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
