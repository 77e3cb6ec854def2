"""Lists whose every page costs the same, also in a table of a million rows: paged by key, counted by estimate.

Django's change list counts all rows for each page and skips the rows before it one by one. Here a page starts after the key
of a row, so inserted and deleted rows neither repeat nor hide others; a row that moves to the top appears there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext

from chat.admin.lists.dates import DateHierarchy
from chat.admin.lists.formatting import format_number
from chat.admin.lists.lookups import ValidatedChangeList, refuse_bad_lookups
from chat.exceptions import BadRequest
from chat.reporting.admin_queries import estimated
from chat.threads.threads import decode_cursor, encode_cursor

M = TypeVar("M", bound=Model)

# Parameters of the query string: the key after which a page begins, or before which it ends.
AFTER, BEFORE = "after", "before"


class KeysetAdmin(admin.ModelAdmin[M]):
    """The admin of a table whose list is paged by key."""

    ordering: ClassVar[tuple[str, ...]] = ("-pk",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        return KeysetChangeList

    def get_keyset_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the ordering of a list."""
        return self.ordering

    def attach_totals(self, rows: list[M]) -> None:
        """Load further columns of a page's rows, in a fixed number of statements."""


@dataclass(frozen=True, slots=True)
class PagePosition:
    """The values of a row's keys; `back` is True for the page before it."""

    values: list[Any]
    back: bool


class KeysetChangeList(ValidatedChangeList):
    """A list paged by key. The last field of its ordering must be unique, and no field of it null."""

    model_admin: KeysetAdmin[Any]

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        # These are no filters, and links that change a filter start at the first page.
        for name in (AFTER, BEFORE):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        return super().get_queryset(request, exclude_parameters)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Return the key's ordering or its reverse; any other would sort the whole table for each page."""
        ordering = list(self.model_admin.get_keyset_ordering(request))
        return _reversed(ordering) if self.params.get(ORDER_VAR, "").isdecimal() else ordering

    def get_results(self, request: HttpRequest) -> None:
        ordering = list(self.queryset.query.order_by)
        position = _parse_position(request)
        rows, more = self._rows(ordering, position)
        self.result_list = rows
        self.newer = (
            position is not None and (more or not position.back) and self._link(BEFORE, ordering, rows[:1])
        )
        self.older = (more or (position is not None and position.back)) and self._link(
            AFTER, ordering, rows[-1:]
        )
        self.first = self.get_query_string() if position else None
        self.exact = position is None and not more
        self.result_count = len(rows) if self.exact else max(len(rows), estimated(self.queryset))
        # Django's search form shows the full count only if it differs from the result count.
        self.full_result_count = None if self.exact else self.result_count
        self.show_full_result_count = False
        self.show_admin_actions, self.can_show_all, self.multi_page = True, False, False
        self.paginator = None
        self.dates = DateHierarchy.of(self) if self.date_hierarchy else None
        self.model_admin.attach_totals(rows)

    @property
    def counted(self) -> str:
        """The number of rows as text; an estimate is rounded to two significant digits."""
        if self.exact:
            return format_number(self.result_count)
        unit = 10 ** max(0, len(str(self.result_count)) - 2)
        return gettext("about %(number)s") % {"number": format_number(round(self.result_count / unit) * unit)}

    def _rows(self, ordering: list[str], position: PagePosition | None) -> tuple[list[Any], bool]:
        """Return a page, and True if more rows follow in its direction."""
        rows, size = self.queryset, self.list_per_page
        if position is not None:
            direction = _reversed(ordering) if position.back else ordering
            with refuse_bad_lookups():
                rows = rows.filter(rows_after(direction, position.values)).order_by(*direction)
        with refuse_bad_lookups():
            found = list(rows[: size + 1])
        page = found[:size]
        return (page[::-1] if position and position.back else page), len(found) > size

    def _link(self, name: str, ordering: list[str], row: Sequence[Any]) -> str | None:
        if not row:
            return None
        keys = [getattr(row[0], field.removeprefix("-")) for field in ordering]
        return self.get_query_string({name: encode_cursor(keys)})


def rows_after(ordering: Sequence[str], values: Sequence[Any]) -> Q:
    """Return the condition for rows after the one with these values. Raises ValueError if the numbers of both differ."""
    (field, *others), (value, *rest) = ordering, values
    name = field.removeprefix("-")
    past = "lt" if field.startswith("-") else "gt"
    later = Q(**{f"{name}__{past}": value})
    if not others:
        if rest:
            raise ValueError("more values than keys")
        return later
    # The first condition is redundant, but lets Postgres start the scan in an index.
    return Q(**{f"{name}__{past}e": value}) & (later | Q(**{name: value}) & rows_after(others, rest))


def _reversed(ordering: Sequence[str]) -> list[str]:
    return [field[1:] if field.startswith("-") else f"-{field}" for field in ordering]


def _parse_position(request: HttpRequest) -> PagePosition | None:
    for name in (AFTER, BEFORE):
        if name in request.GET:
            try:
                return PagePosition(decode_cursor(request.GET[name], list[Any]), name == BEFORE)
            except BadRequest as problem:
                raise IncorrectLookupParameters(problem) from problem
    return None
