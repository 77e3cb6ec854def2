"""The record of sign-ins, and the sessions that they opened."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from chat.models.accounts import User


class SignInRecord(models.Model):
    """A sign-in of an account, or a failed attempt at one.

    `session_key` names the session while it lives. `subject` and `provider_session` are what the provider of single sign-on
    calls the user and their session; `refresh_token` is encrypted, and `refresh_at` is the time of the next check there.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="sign_ins")
    at = models.DateTimeField(db_default=Now(), editable=False)
    method = models.CharField(max_length=80)
    succeeded = models.BooleanField(default=True, db_default=True)
    address = models.CharField(max_length=64, blank=True)
    agent = models.CharField(max_length=200, blank=True)
    session_key = models.CharField(max_length=40, blank=True, editable=False)
    subject = models.CharField(max_length=255, blank=True, editable=False)
    provider_session = models.CharField(max_length=255, blank=True, editable=False)
    refresh_token = models.TextField(blank=True, editable=False)
    refresh_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "sign-in"
        indexes = [
            models.Index(fields=["user", "-at"], name="signin_user"),
            models.Index(fields=["at"], name="signin_at"),
            models.Index(fields=["session_key"], condition=~Q(session_key=""), name="signin_session"),
            models.Index(
                fields=["subject"], condition=~Q(session_key="") & ~Q(subject=""), name="signin_subject"
            ),
            models.Index(fields=["refresh_at"], condition=Q(refresh_at__isnull=False), name="signin_refresh"),
        ]

    def __str__(self) -> str:
        return f"sign-in {self.pk}"
