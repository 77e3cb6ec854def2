"""The rules of this program in allauth's hooks: guests, throttling, who may sign up."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.contrib import messages
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from chat.accounts import accounts, revocation, sign_ins
from chat.accounts.addresses import address_of
from chat.accounts.single_sign_on import sessions as sso_sessions
from chat.accounts.single_sign_on.claims import set_groups
from chat.conf import settings
from chat.models import User
from chat.sign_in.openid import PROVIDER_ID, ProviderRequests, SingleSignOn, release_connection
from chat.sign_in.visitors import guest_of

logger = logging.getLogger(__name__)

# Names of guests begin with it.
GUEST_PREFIX = "guest-"
TOO_MANY_ATTEMPTS = _("Too many tries. Wait a quarter of an hour, then try again.")
MISMATCH = _("This name and password do not match an account. Capital letters count.")


class AccountAdapter(DefaultAccountAdapter):
    """Local accounts. A guest who signs up becomes the account, and one who signs in moves into it."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": MISMATCH,
        "too_many_login_attempts": TOO_MANY_ATTEMPTS,
        "name_of_guests": _("Names that begin like this are for guests. Choose another one."),
        "sso_only": _("Passwords are not accepted here."),
        "name_just_taken": _("This name has just been taken. Choose another one."),
    }

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """Show errors alone: each page says itself what it did."""
        if level >= messages.ERROR:
            super().add_message(request, level, *args, **kwargs)

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request) or "unknown"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse passwords under single sign-on alone. `LoginThrottleBackend` counts the attempts."""
        if settings.sso_only:
            raise self.validation_error("sso_only")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        if getattr(request, "tried_too_often", False):
            raise self.validation_error("too_many_login_attempts")
        sign_ins.record_failure(request, str(credentials.get("username", "")), "password")

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return an address of this site, whatever host the request named."""
        account, _hyphen, proof = key.partition("-")
        return _on_this_site(reverse("account_reset_password_from_key", args=[account, proof]))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return _on_this_site(reverse("account_confirm_email", args=[emailconfirmation.key]))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail. A failure is logged alone: the page must not tell whose address is known."""
        release_connection()
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as problem:
            logger.warning("action=mail_failed reason=%s", type(problem).__name__)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        if request.user.is_authenticated:
            raise ImmediateHttpResponse(redirect("settings"))
        if not settings.signup or settings.sso_only:
            raise ImmediateHttpResponse(render(request, "account/signup_closed.html", status=404))
        return True

    def clean_username(self, username: str, shallow: bool = False) -> str:
        name: str = super().clean_username(username, shallow)
        if name.lower().startswith(GUEST_PREFIX):
            raise self.validation_error("name_of_guests")
        return name

    def new_user(self, request: HttpRequest) -> User:
        """Return the guest's own row, so that the account keeps everything; a new one for other visitors."""
        return guest_of(request) or User()

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        """Store the account. Raise IntegrityError if the name was taken meanwhile, NotFound if the guest is gone."""
        with transaction.atomic():
            if user.pk is not None:
                accounts.locked_guest(user.pk)
                user.is_guest = False
                self._keep_streams(request, user)
            return super().save_user(request, user, form, commit)

    def _keep_streams(self, request: HttpRequest, user: User) -> None:
        """Let the streams of this browser go on, whose session is about to be replaced."""
        if request.session.session_key is not None:
            revocation.announce_replacement(user.pk, request.session.session_key)

    def set_password(self, user: Any, password: str) -> None:
        """Change the password; streams of this browser continue, all other sessions end."""
        if self.request.user == user:
            self._keep_streams(self.request, user)
        super().set_password(user, password)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return "/settings/"

    def login(self, request: HttpRequest, user: Any) -> None:
        """Merge the guest before the session changes hands: if that fails, the guest stays logged in with everything."""
        guest = guest_of(request)
        if guest is not None and guest.pk != user.pk:
            with transaction.atomic():
                accounts.merge(guest.pk, user.pk, request.session.session_key)
        if guest is not None:
            # Django would end the session of another user, with what allauth keeps in it.
            for key in (SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY):
                request.session.pop(key, None)
        super().login(request, user)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        """Record the sign-in, and give the groups that the provider of single sign-on names."""
        steps = [
            str(step.get("type") or step["method"]) for step in get_authentication_records(request, user)
        ]
        record = sign_ins.record(request, user, " + ".join(steps) or "password")
        if login := (kwargs.get("signal_kwargs") or {}).get("sociallogin"):
            said = login.account.extra_data
            set_groups(user, said["groups"])
            sso_sessions.attach(record, login.account.uid, said["sid"], login.token.token_secret)
        return super().post_login(request, user, **kwargs)


class SingleSignOnRules(DefaultSocialAccountAdapter):
    """Accounts of the one provider that the settings name. None takes over an account that exists."""

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        return [_app()] if settings.sso_url else []

    def get_provider(self, request: HttpRequest, provider: Any, client_id: Any = None) -> SingleSignOn:
        return SingleSignOn(request, app=self.get_app(request, provider))

    def get_requests_session(self) -> ProviderRequests:
        return ProviderRequests()

    def new_user(self, request: HttpRequest, sociallogin: Any) -> User:
        return User()

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Let everyone in whom the provider lets in: sign-up is for strangers."""
        return True

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Drop an address that the provider has not verified; refuse a verified one of another account."""
        if sociallogin.is_existing:
            return
        kept = [one for one in sociallogin.email_addresses if one.verified]
        if sociallogin.state.get("process") != "connect" and any(_is_taken(one.email) for one in kept):
            raise ImmediateHttpResponse(render(request, "socialaccount/address_taken.html", status=409))
        sociallogin.email_addresses = kept
        sociallogin.user.email = kept[0].email if kept else ""

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, **_: Any
    ) -> None:
        logger.warning("action=sso_failed reason=%s", type(exception).__name__ if exception else error)

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        return "/settings/"


def _app() -> SocialApp:
    return SocialApp(
        provider=SingleSignOn.id,
        provider_id=PROVIDER_ID,
        name=settings.sso_name,
        client_id=settings.sso_client_id,
        secret=settings.sso_client_secret,
        settings={"server_url": settings.sso_url.rstrip("/")},
    )


def _on_this_site(path: str) -> str:
    return settings.public_url.rstrip("/") + path


def _is_taken(address: str) -> bool:
    """Return whether another account has this address; take it from accounts that named it and never confirmed it.

    Otherwise a stranger who signs up with somebody's address would keep that person out.
    """
    if EmailAddress.objects.filter(email__iexact=address, verified=True).exists():
        return True
    unconfirmed = EmailAddress.objects.filter(email__iexact=address)
    users = User.objects.filter(email__iexact=address)
    if users.exclude(pk__in=unconfirmed.values("user")).exists():
        return True
    with transaction.atomic():
        users.update(email="")
        unconfirmed.delete()
    return False
