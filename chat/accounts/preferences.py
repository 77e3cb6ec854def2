"""A user's instructions for new chats, the language of their mails, and the tokens of their programs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from chat.exceptions import BadRequest, NotFound
from chat.models import ALL_SCOPES, ApiToken, User

# Tokens of one user: more than a person has programs.
MAX_TOKENS = 50


def instructions(user: int) -> str:
    return User.objects.values_list("instructions", flat=True).get(pk=user)


def set_instructions(user: int, text: str) -> None:
    """Set the system text of the chats that the user begins from now on."""
    User.objects.filter(pk=user).update(instructions=text)


def set_language(user: int, tag: str) -> None:
    """Store the tag of the language in which a user reads the page."""
    User.objects.filter(pk=user).exclude(language=tag).update(language=tag)


def tokens(user: int) -> list[ApiToken]:
    """Return the user's tokens, newest first."""
    return list(ApiToken.objects.filter(user=user).order_by("-pk"))


def make_token(
    user: int, name: str, scopes: Collection[str] = ALL_SCOPES, expires_at: datetime | None = None
) -> str:
    """Make a token and return its only copy. Raise BadRequest for a user who has the largest number of them."""
    owner = User.objects.select_for_update(no_key=True).get(pk=user)
    if ApiToken.objects.filter(user=user).count() >= MAX_TOKENS:
        raise BadRequest("You have the largest number of tokens. Revoke one first.")
    return ApiToken.issue(owner, name, scopes, expires_at)


def revoke_token(user: int, public_id: str) -> None:
    """Delete a token of the user. Raise NotFound."""
    found = next((token for token in tokens(user) if token.public_id == public_id), None)
    if found is None:
        raise NotFound
    found.delete()
