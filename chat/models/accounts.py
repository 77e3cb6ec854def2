"""Users, guests among them, bearer tokens of their programs, and log-in attempts."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """An account. A guest's has no password and is bound to the session that made it.

    `session_epoch` is part of every session: raising it ends them all. `erasing_since`: start of the erasure of all data.
    `instructions`: system text of the chats that the user begins on the page. `language`: the tag of the page's language when
    it was last loaded, for mails. `sign_in_required`: the provider of single sign-on vouches for the account no longer, so that
    its tokens are refused until its next sign-in.
    """

    is_guest = models.BooleanField(_("guest"), default=False, db_default=False)
    session_epoch = models.IntegerField(default=0, db_default=0, editable=False)
    erasing_since = models.DateTimeField(null=True, blank=True, editable=False)
    instructions = models.TextField(blank=True, default="", db_default="", editable=False)
    language = models.CharField(max_length=16, blank=True, default="", db_default="", editable=False)
    sign_in_required = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta(AbstractUser.Meta):
        permissions = [("remove_second_factors", "Can remove a user's second factors")]
        indexes = [
            models.Index(
                fields=["erasing_since"], condition=Q(erasing_since__isnull=False), name="user_erasing"
            )
        ]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Append the epoch to Django's hash; older sessions, without an epoch, stay valid while it is 0."""
        usual: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
        return f"{usual}.{self.session_epoch}" if self.session_epoch else usual


# Characters of a token's public id: 64 bits, of a user's 50 tokens at most.
TOKEN_ID_CHARACTERS = 16


class TokenScope(models.TextChoices):
    """The kinds of operations that a token may be limited to."""

    READ = "read", _("Read: chats, answers, files")
    SEND = "send", _("Send: prompts, files, answers to requests")
    MANAGE = "manage", _("Manage: change, share, import, delete")


ALL_SCOPES = [scope.value for scope in TokenScope]


def _all_scopes() -> list[str]:
    return list(ALL_SCOPES)


class ApiToken(models.Model):
    """A bearer token of a program, valid until `expires_at`, or for ever.

    Only the digest is stored, so a stolen table gives no access.
    """

    user = models.ForeignKey(User, models.CASCADE, verbose_name=_("user"), related_name="api_tokens")
    name = models.CharField(_("name"), max_length=100, blank=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(
        models.CharField(max_length=8, choices=TokenScope.choices),
        verbose_name=_("scopes"),
        default=_all_scopes,
        db_default=ALL_SCOPES,
    )
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("API token"), _("API tokens")
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=ALL_SCOPES, scopes__len__gt=0), name="token_scopes"
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"token {self.pk}"

    @property
    def public_id(self) -> str:
        """Return the id that its user sees: the start of the digest, from which no token can be found."""
        return self.digest[:TOKEN_ID_CHARACTERS]

    @staticmethod
    def digest_of(token: str) -> str:
        # A token holds 256 random bits: one round of SHA-256 is enough, and costs no thread.
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def issue(
        cls,
        user: User,
        name: str = "",
        scopes: Collection[str] = ALL_SCOPES,
        expires_at: datetime | None = None,
    ) -> str:
        """Create a token for `user`; the return value is its only copy."""
        token = f"chat_{secrets.token_urlsafe(32)}"
        ordered = [scope for scope in ALL_SCOPES if scope in scopes]
        cls.objects.create(
            user=user, name=name, digest=cls.digest_of(token), scopes=ordered, expires_at=expires_at
        )
        return token


class LoginAttempt(models.Model):
    """A log-in attempt that has not succeeded (yet), counted for throttling. `about` is a digest, never a name.

    An attempt has one row for each key that it is counted by.
    """

    about = models.CharField(max_length=64)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "chat_attempt"
        indexes = [
            models.Index(fields=["about", "at"], name="attempt_about"),
            models.Index(fields=["at"], name="attempt_at"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.pk}"
