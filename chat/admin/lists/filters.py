"""Filters of lists. Each uses an index, or matches so many rows that a page is filled after a short scan."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.admin.lists.columns import kind_name
from chat.exceptions import BY_CODE, ModelError
from chat.llm import config
from chat.models import ACTIVE, ERROR_STATUSES, Message, Response, Status
from chat.reporting.admin_queries import limited_keys, models_of

# Statuses with an index of their own.
RARE = (*ACTIVE, *ERROR_STATUSES, Status.STOPPED)


class StateFilter(admin.SimpleListFilter):
    """Filter threads by state; the queryset must be annotated with `state`."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*Status.choices, ("none", gettext("No response"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        state = self.value()
        if state is None:
            return queryset
        if state == "none":
            return queryset.exclude(Exists(Response.objects.filter(thread=OuterRef("pk"))))
        matching = (
            limited_keys(Response.objects.filter(status=state).values_list("thread", flat=True))
            if state in RARE
            else None
        )
        return (
            queryset.filter(state=state)
            if matching is None
            else queryset.filter(state=state, pk__in=set(matching))
        )


class ModelFilter(admin.SimpleListFilter):
    """Filter by a model's configured name; removed models are offered while many rows name them."""

    title, parameter_name = _("model"), "model"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        self._table = model._meta.db_table
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in models_of(self._table, config.names())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.value() is None else queryset.filter(model=self.value())


class ErrorFilter(admin.SimpleListFilter):
    """Filter responses and calls by the code of the error that ended them."""

    title, parameter_name = _("error code"), "error_code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, code) for code, kind in BY_CODE.items() if issubclass(kind, ModelError)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        matching = queryset.filter(error_code=self.value())
        return matching.filter(status=Status.FAILED) if queryset.model is Response else matching


class KindFilter(admin.SimpleListFilter):
    """Filter records of governance by the table that they are about, one of the list's `kinds`."""

    title, parameter_name = _("kind"), "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, str(kind_name(name))) for name in model_admin.kinds]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.value() is None else queryset.filter(kind=self.value())


class FeedbackFilter(admin.SimpleListFilter):
    """Filter messages by feedback."""

    title, parameter_name = _("feedback"), "feedback"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("-1", gettext("Bad")), ("1", gettext("Good"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return (
            queryset.filter(feedback_score=int(self.value() or 0))
            if self.value() in ("-1", "1")
            else queryset
        )


class HasRowsFilter(admin.SimpleListFilter):
    """Filter threads by the existence of certain rows."""

    rows: ClassVar[QuerySet[Any]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", gettext("Yes")), ("no", gettext("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "yes":
            return queryset.filter(pk__in=self.rows.values("thread"))
        if self.value() == "no":
            return queryset.exclude(Exists(self.rows.filter(thread=OuterRef("pk"))))
        return queryset


class HasErrors(HasRowsFilter):
    title, parameter_name = _("errors"), "errors"
    rows = Response.objects.filter(status__in=ERROR_STATUSES)


class HasHidden(HasRowsFilter):
    title, parameter_name = _("hidden messages"), "hidden"
    rows = Message.objects.filter(hidden=True)


class IsFlagged(HasRowsFilter):
    """Filter threads with a reply that received bad feedback."""

    title, parameter_name = _("bad feedback"), "flagged"
    rows = Message.objects.filter(feedback_score=-1)
