"""The claims of a sign-in at the provider about the user, and the groups that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from chat.accounts.single_sign_on.tokens import MAX_ID_LENGTH
from chat.conf import settings
from chat.models import User
from chat.text import storable


def claimed_groups(claims: Mapping[str, Any]) -> list[str]:
    """Return the claimed groups among those that the claim decides on; whatever else it holds is left out."""
    claim = claims.get(settings.sso_groups_claim)
    names = (
        {claim}
        if isinstance(claim, str)
        else {one for one in claim if isinstance(one, str)}
        if isinstance(claim, list)
        else set()
    )
    return [name for name in settings.sso_groups if name in names]


def provider_session(claims: Mapping[str, Any]) -> str:
    """Return the provider's id of a session, empty for none."""
    sid = claims.get("sid")
    return sid if isinstance(sid, str) and len(sid) <= MAX_ID_LENGTH and sid.isprintable() else ""


def storable_claims(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return claims without characters that cannot be stored: at some providers users name themselves."""
    return {name: storable(value) if isinstance(value, str) else value for name, value in claims.items()}


def set_groups(user: User, names: list[str]) -> None:
    """Make the user a member of these groups and of no other one that the claim decides on."""
    governed = set(settings.sso_groups)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        has = set(user.groups.filter(name__in=governed).values_list("name", flat=True))
        user.groups.remove(*Group.objects.filter(name__in=has - set(names)))
        user.groups.add(*(Group.objects.get_or_create(name=name)[0] for name in names if name not in has))
