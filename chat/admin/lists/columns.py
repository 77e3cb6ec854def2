"""Columns in words: owners by short names, ids by their beginnings, times as people say them, yes and no."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# The name of a guest: made of a UUID, whose beginning is enough to tell the guests of one page apart.
GUEST = re.compile(r"guest-([0-9a-f]{4})[0-9a-f]{28}")
# Ids of at most this many characters are shown whole; longer ones are UUIDs.
ID_CHARACTERS = 20
SHOWN_ID_CHARACTERS = 8
# Within a week people count days; an older time is shown as its date.
RELATIVE = timedelta(days=7)
UNITS = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1))

YES, NO = _("yes"), _("no")

# A column as a function; Django's stubs allow names alone in some of the places that take one.
Column = Any


def short_name(username: str) -> str:
    """Return a user's name; that of a guest is shortened."""
    guest = GUEST.fullmatch(username)
    return gettext("Guest %(number)s") % {"number": guest[1]} if guest else username


def format_name(username: str) -> str:
    """Return a user's short name, with the whole one as its title if they differ."""
    short = short_name(username)
    if short == username:
        return username
    return format_html('<span class="chat-short" title="{}">{}</span>', username, short)


def owner_link(key: int | None, username: str) -> str:
    """Return a link to a user's page by the short name."""
    if not key:
        return "-"
    address = reverse("admin:chat_user_change", args=[key])
    return format_html('<a href="{}">{}</a>', address, format_name(username))


def format_id(public_id: str) -> str:
    """Return an id; of a long one the beginning, with all of it as the title."""
    if len(public_id) <= ID_CHARACTERS:
        return public_id
    short = public_id[:SHOWN_ID_CHARACTERS]
    return format_html('<code title="{}">{}…</code>', public_id, short)


def format_time(time: datetime | None, none: str | Promise = "-", *, exact: bool = False) -> str:
    """Return a time relative to now, or its date when it is a week away. `exact`: followed by the time in UTC."""
    if time is None:
        return str(none)
    utc = time.astimezone(UTC)
    shown = _relative(utc)
    if exact and shown:
        shown = f"{utc:%Y-%m-%d %H:%M:%S}, {shown}"
    shown = shown or f"{utc:%Y-%m-%d %H:%M}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', utc.isoformat(), f"{utc:%Y-%m-%d %H:%M:%S} UTC", shown
    )


def _relative(time: datetime) -> str:
    """Return a time in its largest unit, such as "2 minutes ago"; empty a week away."""
    now = timezone.now()
    distance = abs(now - time)
    if distance >= RELATIVE:
        return ""
    unit = next((unit for unit in UNITS if distance >= unit), UNITS[-1])
    rounded = unit * (distance // unit)
    # Django reads the clock once more: without the second, two days from then are a day and 23 hours from now.
    shown = naturaltime(now - rounded if time <= now else now + rounded + UNITS[-1])
    return str(shown).replace("\xa0", " ")


def time_column(
    field: str, label: str | _StrPromise = "", *, none: str | Promise = "-", exact: bool = False
) -> Column:
    """Return a column with the time in a field; `none` is shown without one."""

    @admin.display(description=label or _(field.replace("_", " ")), ordering=field)
    def column(row: Any) -> str:
        return format_time(getattr(row, field), none, exact=exact)

    column.__name__ = field
    return column


def flag_column(
    field: str, label: str | _StrPromise = "", *, true: str | Promise = YES, false: str | Promise = NO
) -> Column:
    """Return a column with a flag in words."""

    @admin.display(description=label or _(field.replace("_", " ")))
    def column(row: Any) -> str:
        return str(true if getattr(row, field) else false)

    column.__name__ = field
    return column


@admin.display(description=_("kind"))
def kind(row: Any) -> str:
    """Return the name of the table that a record of governance is about."""
    return str(kind_name(row.kind))


KIND: Column = kind


def kind_name(model_name: str) -> str | Promise:
    """Return a table's name in the reader's language, or what is stored for a table that is gone."""
    named = (model._meta.verbose_name for model in apps.get_models() if model._meta.model_name == model_name)
    return next(named, None) or model_name


@admin.display(description=_("id"))
def public_id(row: Any) -> str:
    """Return the row's id for a list."""
    return format_id(row.public_id) if row.public_id else "-"


@admin.display(description=_("owner"))
def owner(row: Any) -> str:
    """Return a link to the row's owner; rows must come with it."""
    return owner_link(row.owner_id, row.owner.username) if row.owner_id else "-"


@admin.display(description=_("owner"))
def owner_name(row: Any) -> str:
    """Return the stored name of an owner, who may be deleted."""
    return format_name(row.owner_name) if row.owner_name else "-"
