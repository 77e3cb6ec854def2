"""Lists that refuse lookups whose values cannot be evaluated, such as dates out of range, NUL and invalid patterns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst

FILTER_TEMPLATE = "admin/chat/filter.html"


@contextmanager
def refuse_bad_lookups() -> Iterator[None]:
    """Turn errors of values in an address into IncorrectLookupParameters, which Django answers with the unfiltered list.

    Django itself does so only while it builds the filters. Other values fail when the bounds of a date are computed, when
    the statement is compiled, or in Postgres.
    """
    try:
        yield
    except (DataError, OverflowError, TypeError, ValidationError, ValueError) as error:
        raise IncorrectLookupParameters(error) from error


class ValidatedChangeList(ChangeList):
    """A list named after its rows, with filters as buttons of one line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_popup:
            self.title = capfirst(str(self.opts.verbose_name_plural))

    def get_filters(self, request: HttpRequest) -> Any:
        filters = super().get_filters(request)
        for spec in filters[0]:
            spec.template = FILTER_TEMPLATE
        return filters

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        with refuse_bad_lookups():
            return super().get_queryset(request, exclude_parameters)

    def get_results(self, request: HttpRequest) -> None:
        with refuse_bad_lookups():
            super().get_results(request)
            self.result_list = list(self.result_list)
