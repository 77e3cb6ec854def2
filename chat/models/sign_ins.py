"""The record of sign-ins, and the sessions that they opened."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from chat.models.accounts import User

# The steps of a sign-in, in the words of django-allauth and in ours.
STEPS = {
    "password": _("password"),
    "totp": _("authenticator app"),
    "webauthn": _("passkey or security key"),
    "recovery_codes": _("recovery code"),
    "socialaccount": _("single sign-on"),
}


# What browsers say about themselves, the more special first: most say that they are Chrome and Safari, too.
BROWSERS = {"Edg": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


class SignInRecord(models.Model):
    """A sign-in of an account, or a failed attempt at one.

    `session_key` names the session while it lives. `subject` and `provider_session` are what the provider of single sign-on
    calls the user and their session; `refresh_token` is encrypted, and `refresh_at` is the time of the next check there. The
    checks outlive the session while the user has API tokens.
    """

    user = models.ForeignKey(
        User, models.CASCADE, verbose_name=_("user"), related_name="sign_ins", db_index=False
    )
    at = models.DateTimeField(_("time"), db_default=Now(), editable=False)
    method = models.CharField(_("method"), max_length=80)
    succeeded = models.BooleanField(_("succeeded"), default=True, db_default=True)
    address = models.CharField(_("address"), max_length=64, blank=True)
    agent = models.CharField(_("browser"), max_length=200, blank=True)
    session_key = models.CharField(max_length=40, blank=True, editable=False)
    subject = models.CharField(max_length=255, blank=True, editable=False)
    provider_session = models.CharField(max_length=255, blank=True, editable=False)
    refresh_token = models.TextField(blank=True, editable=False)
    refresh_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("sign-in"), _("sign-ins")
        indexes = [
            models.Index(fields=["user", "-at"], name="signin_user"),
            models.Index(fields=["at"], name="signin_at"),
            models.Index(fields=["session_key"], condition=~Q(session_key=""), name="signin_session"),
            models.Index(fields=["subject"], condition=~Q(subject=""), name="signin_of_subject"),
            models.Index(fields=["refresh_at"], condition=Q(refresh_at__isnull=False), name="signin_refresh"),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def steps(self) -> str:
        """Return the steps of the sign-in in words."""
        return " + ".join(str(STEPS.get(step, step)) for step in self.method.split(" + "))

    @property
    def device(self) -> str:
        """Return the names of the browser and its system where they are known ones, else what the browser says."""
        names = [
            next((name for mark, name in known.items() if mark in self.agent), "")
            for known in (BROWSERS, SYSTEMS)
        ]
        return " · ".join(names) if all(names) else self.agent
