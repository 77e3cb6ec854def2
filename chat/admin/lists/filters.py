"""The filters of the lists. Each asks an index, or is met by so many rows that the newest of a page are soon found."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from chat.exceptions import BY_CODE, ModelError
from chat.llm import config
from chat.models import ACTIVE, ERROR_STATUSES, Message, Response, Status
from chat.reporting.admin_queries import limited_keys, models_of

RARE = (*ACTIVE, *ERROR_STATUSES, Status.STOPPED)  # statuses with an index of their own


class StateFilter(admin.SimpleListFilter):
    """By the state of a thread: needs `state`."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*Status.choices, ("none", "No response")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        state = self.value()
        if state is None:
            return queryset
        if state == "none":
            return queryset.exclude(Exists(Response.objects.filter(thread=OuterRef("pk"))))
        found = (
            limited_keys(Response.objects.filter(status=state).values_list("thread", flat=True))
            if state in RARE
            else None
        )
        return (
            queryset.filter(state=state) if found is None else queryset.filter(state=state, pk__in=set(found))
        )


class ModelFilter(admin.SimpleListFilter):
    """By the configured name of a model; those that are configured no more are offered while many rows name them."""

    title = parameter_name = "model"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        self._table = model._meta.db_table
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in models_of(self._table, config.names())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.value() is None else queryset.filter(model=self.value())


class ErrorFilter(admin.SimpleListFilter):
    """Of responses and calls, by the code of the error that ended them."""

    title, parameter_name = "error code", "error_code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, code) for code, kind in BY_CODE.items() if issubclass(kind, ModelError)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        found = queryset.filter(error_code=self.value())
        return found.filter(status=Status.FAILED) if queryset.model is Response else found


class FeedbackFilter(admin.SimpleListFilter):
    """Of messages, by what a reader thought of an answer."""

    title = parameter_name = "feedback"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("-1", "Bad"), ("1", "Good")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return (
            queryset.filter(feedback_score=int(self.value() or 0))
            if self.value() in ("-1", "1")
            else queryset
        )


class HasRowsFilter(admin.SimpleListFilter):
    """Whether a thread has rows of some kind."""

    rows: ClassVar[QuerySet[Any]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "yes":
            return queryset.filter(pk__in=self.rows.values("thread"))
        if self.value() == "no":
            return queryset.exclude(Exists(self.rows.filter(thread=OuterRef("pk"))))
        return queryset


class HasErrors(HasRowsFilter):
    title = parameter_name = "errors"
    rows = Response.objects.filter(status__in=ERROR_STATUSES)


class HasHidden(HasRowsFilter):
    title, parameter_name = "hidden messages", "hidden"
    rows = Message.objects.filter(hidden=True)


class IsFlagged(HasRowsFilter):
    """Flagged: somebody found an answer in it bad."""

    title, parameter_name = "bad answers", "flagged"
    rows = Message.objects.filter(feedback_score=-1)
