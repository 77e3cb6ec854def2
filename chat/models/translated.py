"""Names of tables, columns and choices in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy


class TranslatedChoices(models.TextChoices):
    """Text choices whose labels are looked up in the catalogs, those that Django makes of the names too."""

    @property
    def label(self) -> str | Promise:
        return gettext_lazy(str(self._label_))


def translate_names(tables: Iterable[type[models.Model]]) -> None:
    """Look up the names of tables and columns that Django makes of the names in the code.

    Written out in each model they would be parts of the migrations, which have no use for them.
    """
    for table in tables:
        options = table._meta
        if not isinstance(options.verbose_name, Promise):
            options.verbose_name_plural = gettext_lazy(str(options.verbose_name_plural))
            options.verbose_name = gettext_lazy(str(options.verbose_name))
        for column in options.get_fields():
            if isinstance(column, models.Field) and not isinstance(column.verbose_name, Promise):
                column.verbose_name = gettext_lazy(str(column.verbose_name))
