"""Deeds: what staff may do to a row. Each has a page that says what comes of it and asks why, and stands on record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, TypeVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from chat.admin import access
from chat.models import Action
from chat.store.refused import Refused

M = TypeVar("M", bound=Model)


def _always(request: HttpRequest, row: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Deed:
    """`name` stands in its address, `right` is Django's name of a permission. `act` gets request, row and reason; it may
    raise `Refused`. `offered` says whether it makes sense for this row, and whether this person may do it to this row."""

    name: str
    label: str
    warning: str
    right: str
    action: Action
    act: Callable[[HttpRequest, Any, str], object]
    offered: Callable[[HttpRequest, Any], bool] = _always


class DeedsAdmin(admin.ModelAdmin[M]):
    """Pages with buttons for deeds; mixed into a table's admin."""

    deeds: ClassVar[tuple[Deed, ...]] = ()

    def get_urls(self) -> list[Any]:
        return [*(self._address(deed) for deed in self.deeds), *super().get_urls()]

    def _address(self, deed: Deed) -> Any:
        view = self.admin_site.admin_view(partial(self.deed_view, deed))
        return path(f"<int:pk>/{deed.name}/", view, name=self._name(deed))

    def _name(self, deed: Deed) -> str:
        return f"chat_{self.opts.model_name}_{deed.name}"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = context.get("original")
        if row is not None:
            context["deeds"] = [
                (deed.label, reverse(f"admin:{self._name(deed)}", args=[row.pk]))
                for deed in self.deeds
                if self.may(request, deed, row)
            ]
        return super().render_change_form(request, context, *args, **kwargs)

    def may(self, request: HttpRequest, deed: Deed, row: Any) -> bool:
        seen = self.has_view_permission(request, row) and request.user.has_perm(deed.right)
        return seen and deed.offered(request, row)

    def deed_view(self, deed: Deed, request: HttpRequest, pk: int) -> HttpResponse:
        """The page of a deed, and by POST the deed itself."""
        row = self.get_object(request, str(pk))
        if not (self.has_view_permission(request) and request.user.has_perm(deed.right)):
            raise PermissionDenied
        if row is None:
            raise Http404
        if not deed.offered(request, row):
            raise PermissionDenied
        reason = request.POST.get("reason", "").replace("\0", "").strip()[: access.REASON_CHARACTERS]
        if request.method == "POST" and reason and self._done(deed, request, row, reason):
            return redirect(self._after(pk))
        return self._page(deed, request, row)

    def _done(self, deed: Deed, request: HttpRequest, row: Any, reason: str) -> bool:
        """The deed and its record, together or not at all."""
        try:
            with transaction.atomic():
                access.record(request, deed.action, row, reason=reason)
                deed.act(request, row, reason)
        except Refused as refused:
            messages.error(request, str(refused))
            return False
        messages.success(request, f"{deed.label}: done.")
        return True

    def _after(self, pk: int) -> str:
        """The row's page, or the list where the row is gone."""
        table = f"admin:chat_{self.opts.model_name}"
        kept = self.model._default_manager.filter(pk=pk).exists()
        return reverse(f"{table}_change", args=[pk]) if kept else reverse(f"{table}_changelist")

    def _page(self, deed: Deed, request: HttpRequest, row: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": deed.label,
            "deed": deed,
            "row": row,
            "opts": self.opts,
            "back": self._after(row.pk),
            "characters": access.REASON_CHARACTERS,
        }
        return TemplateResponse(request, "admin/chat/deed.html", context)
