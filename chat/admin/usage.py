"""Calls of models and what they took, to look at; prices, to be changed by who may."""

from __future__ import annotations

import re

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from chat.admin.lists.filters import ErrorFilter, ModelFilter
from chat.admin.readonly import ROWS, ReadOnlyAdmin, badge
from chat.models import CallOutcome, Price, UpstreamCall, User
from chat.text import storable

NUMBER = re.compile(r"[0-9]{1,18}")  # of a row: fits the database's integer


@admin.register(UpstreamCall)
class UpstreamCallAdmin(ReadOnlyAdmin[UpstreamCall]):
    """What each call was told stands here as parameters and digests, never as text."""

    list_display = (
        "started_at",
        "model",
        "state",
        "error_code",
        "prompt_tokens",
        "completion_tokens",
        "source",
        "owner",
        "thread",
        "response",
        "round",
        "attempt",
    )
    listed = (
        "started_at",
        "model",
        "outcome",
        "error_code",
        "prompt_tokens",
        "completion_tokens",
        "source",
        "owner__username",
        "thread",
        "response",
        "round",
        "attempt",
    )
    list_filter = ("outcome", ModelFilter, ErrorFilter, "source")
    date_hierarchy = "started_at"
    sortable_by = ("started_at",)
    list_select_related = ("owner",)
    search_fields = ("thread",)  # what the box is shown for; see `get_search_results`
    search_help_text = "Whole numbers of threads and responses, and whole user names"
    ordering = ("-started_at", "-pk")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[UpstreamCall], search_term: str
    ) -> tuple[QuerySet[UpstreamCall], bool]:
        """A number is never looked for as a name: no index could tell which is meant."""
        name = storable(search_term.strip())
        if NUMBER.fullmatch(name):
            return queryset.filter(Q(thread=name) | Q(response=name)), False
        owners = list(User.objects.filter(username=name).values_list("pk", flat=True))
        return queryset.filter(owner__in=owners) if name else queryset, False

    @admin.display(description="outcome")
    def state(self, call: UpstreamCall) -> str:
        return badge(call.outcome, CallOutcome(call.outcome).label)


@admin.register(Price)
class PriceAdmin(admin.ModelAdmin[Price]):
    """A price is valid until the next one of its model: a change is a new row, so that what was spent stays what it cost."""

    list_display = ("model", "valid_from", "prompt_price", "completion_price", "currency")
    list_filter = ("model",)
    list_per_page = ROWS
    ordering = ("model", "-valid_from")
    search_fields = ("model",)
