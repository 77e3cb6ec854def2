"""Calls of models and what they took, to look at; prices, to be changed by who may."""

from __future__ import annotations

from django.contrib import admin

from chat.admin.readonly import ROWS, ReadOnlyAdmin, badge
from chat.models import CallEnd, Price, UpstreamCall


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
    list_filter = ("outcome", "source", "model")
    list_select_related = ("owner",)
    search_fields = ("thread__exact", "response__exact", "owner__username__exact")
    search_help_text = "Whole numbers of threads and responses, and whole user names"
    ordering = ("-started_at", "-pk")

    @admin.display(description="outcome", ordering="outcome")
    def state(self, call: UpstreamCall) -> str:
        return badge(call.outcome, CallEnd(call.outcome).label)


@admin.register(Price)
class PriceAdmin(admin.ModelAdmin[Price]):
    """A price is valid until the next one of its model: a change is a new row, so that what was spent stays what it cost."""

    list_display = ("model", "valid_from", "prompt_price", "completion_price", "currency")
    list_filter = ("model",)
    list_per_page = ROWS
    ordering = ("model", "-valid_from")
    search_fields = ("model",)
