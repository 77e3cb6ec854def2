"""Calls of models with their usage (read-only), and prices."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from chat.admin.inspection.call_attempts import attempt_name
from chat.admin.lists.columns import owner, time_column
from chat.admin.lists.filters import ErrorFilter, ModelFilter
from chat.admin.lists.formatting import format_tokens
from chat.admin.lists.lookups import ValidatedChangeList
from chat.admin.readonly import ROWS, ReadOnlyAdmin, badge, link
from chat.models import CallOutcome, Price, UpstreamCall, User
from chat.text import storable

# A primary key: fits the database's integer.
NUMBER = re.compile(r"[0-9]{1,18}")


_STARTED = time_column("started_at", _("started"))


@admin.register(UpstreamCall)
class UpstreamCallAdmin(ReadOnlyAdmin[UpstreamCall]):
    """The calls of models. Requests are shown as parameters and digests, never as text."""

    list_display = (
        _STARTED,
        "model",
        "state",
        "tokens",
        "source",
        owner,
        "thread_link",
        "response_link",
        "call",
    )
    listed = (
        "started_at",
        "model",
        "outcome",
        "error_code",
        "prompt_tokens",
        "completion_tokens",
        "reasoning_tokens",
        "cached_tokens",
        "source",
        "owner__username",
        "thread",
        "response",
        "round",
        "attempt",
    )
    list_filter = ("outcome", ModelFilter, ErrorFilter, "source")
    date_hierarchy = "started_at"
    sortable_by = (_STARTED,)
    list_select_related = ("owner",)
    search_fields = ("thread",)  # makes Django show the search box; `get_search_results` does the search
    search_help_text = _("Primary keys of threads and responses, and complete user names")
    ordering = ("-started_at", "-pk")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[UpstreamCall], search_term: str
    ) -> tuple[QuerySet[UpstreamCall], bool]:
        """Search numbers as primary keys alone, everything else as user names: each case then has an index."""
        name = storable(search_term.strip())
        if NUMBER.fullmatch(name):
            return queryset.filter(Q(thread=name) | Q(response=name)), False
        owners = list(User.objects.filter(username=name).values_list("pk", flat=True))
        return queryset.filter(owner__in=owners) if name else queryset, False

    @admin.display(description=_("outcome"))
    def state(self, call: UpstreamCall) -> str:
        shown = badge(call.outcome, CallOutcome(call.outcome).label)
        return format_html("{}<br>{}", shown, call.error_code) if call.error_code else shown

    @admin.display(description=_("tokens in + out"))
    def tokens(self, call: UpstreamCall) -> str:
        return format_tokens(call)

    @admin.display(description=_("thread"))
    def thread_link(self, call: UpstreamCall) -> str:
        return link("thread", call.thread, call.thread)

    @admin.display(description=_("response"))
    def response_link(self, call: UpstreamCall) -> str:
        return link("response", call.response, call.response)

    @admin.display(description=_("call"))
    def call(self, call: UpstreamCall) -> str:
        return attempt_name(call)


@admin.register(Price)
class PriceAdmin(admin.ModelAdmin[Price]):
    """Prices of models. A price is valid until the next one of its model; a change is a new row, so past costs stay."""

    list_display = ("model", "valid_from", "prompt_price", "cached_price", "completion_price", "currency")
    list_filter = ("model",)
    list_per_page = ROWS
    ordering = ("model", "-valid_from")
    search_fields = ("model",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Name both fields of a date, which share one label."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, AdminSplitDateTime):
            for part, name in zip(field.widget.widgets, (_("Date"), _("Time")), strict=True):
                part.attrs["aria-label"] = f"{capfirst(str(field.label))}: {name}"
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Take no values from the address: Django's two fields of a date end in a 500 for a text."""
        return {}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ValidatedChangeList]:
        return ValidatedChangeList
