"""Actions of staff on one object. Each has a page that explains it and asks for a reason, and is recorded in the audit log."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, TypeVar

from django.contrib import admin, messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from chat.admin.access import audit
from chat.governance.exceptions import GovernanceError
from chat.models import AuditAction

M = TypeVar("M", bound=Model)


def _always(request: HttpRequest, row: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class ObjectAction:
    """An action on one object.

    `name` is part of its address, `permission` is Django's name of a permission. `execute` gets request, row and reason and
    may raise `GovernanceError`; it runs in one transaction with the entry of `recorded_action` in the audit log. Without that
    it writes the entry itself, in a transaction of its own. `is_available` returns True if the action applies to this row and
    this user.
    """

    name: str
    label: str | Promise
    warning: str | Promise
    permission: str
    recorded_action: AuditAction | None
    execute: Callable[[HttpRequest, Any, str], object]
    is_available: Callable[[HttpRequest, Any], bool] = _always


class ObjectActionsMixin(admin.ModelAdmin[M]):
    """Buttons and pages for object actions; mixed into a table's admin."""

    object_actions: ClassVar[tuple[ObjectAction, ...]] = ()

    def get_urls(self) -> list[Any]:
        return [
            *(self._url_pattern(object_action) for object_action in self.object_actions),
            *super().get_urls(),
        ]

    def _url_pattern(self, object_action: ObjectAction) -> Any:
        view = self.admin_site.admin_view(partial(self.object_action_view, object_action))
        return path(f"<int:pk>/{object_action.name}/", view, name=self._url_name(object_action))

    def _url_name(self, object_action: ObjectAction) -> str:
        return f"chat_{self.opts.model_name}_{object_action.name}"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = context.get("original")
        if row is not None:
            context["object_actions"] = [
                (object_action.label, reverse(f"admin:{self._url_name(object_action)}", args=[row.pk]))
                for object_action in self.object_actions
                if self.is_allowed(request, object_action, row)
            ]
        return super().render_change_form(request, context, *args, **kwargs)

    def is_allowed(self, request: HttpRequest, object_action: ObjectAction, row: Any) -> bool:
        permitted = self.has_view_permission(request, row) and request.user.has_perm(object_action.permission)
        return permitted and object_action.is_available(request, row)

    def object_action_view(self, object_action: ObjectAction, request: HttpRequest, pk: int) -> HttpResponse:
        """Return the confirmation page (GET), or execute the action (POST)."""
        row = self.get_object(request, str(pk))
        if not (self.has_view_permission(request) and request.user.has_perm(object_action.permission)):
            raise PermissionDenied
        if row is None:
            raise Http404
        if not object_action.is_available(request, row):
            raise PermissionDenied
        reason = request.POST.get("reason", "").replace("\0", "").strip()[: audit.REASON_CHARACTERS]
        if request.method == "POST" and reason and self._execute(object_action, request, row, reason):
            return redirect(self._redirect_url(pk))
        return self._confirmation_page(object_action, request, row)

    def _execute(self, object_action: ObjectAction, request: HttpRequest, row: Any, reason: str) -> bool:
        """Execute the action and record it, in one transaction. Raises Http404 if the row was deleted meanwhile."""
        recorded = object_action.recorded_action
        try:
            with nullcontext() if recorded is None else transaction.atomic():
                self.model._default_manager.only("pk").get(pk=row.pk)
                if recorded is not None:
                    audit.record(request, recorded, row, reason=reason)
                object_action.execute(request, row, reason)
        except ObjectDoesNotExist as error:
            raise Http404 from error
        except GovernanceError as refused:
            messages.error(request, _(str(refused)))
            return False
        messages.success(request, _("%(action)s: done.") % {"action": object_action.label})
        return True

    def _redirect_url(self, pk: int) -> str:
        """Return the address of the row's page, or of the list if the row was deleted."""
        table = f"admin:chat_{self.opts.model_name}"
        exists = self.model._default_manager.filter(pk=pk).exists()
        return reverse(f"{table}_change", args=[pk]) if exists else reverse(f"{table}_changelist")

    def _confirmation_page(self, object_action: ObjectAction, request: HttpRequest, row: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": object_action.label,
            "object_action": object_action,
            "row": row,
            "opts": self.opts,
            "back": self._redirect_url(row.pk),
            "characters": audit.REASON_CHARACTERS,
        }
        return TemplateResponse(request, "admin/chat/actions/object_action.html", context)
