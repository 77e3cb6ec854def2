"""Legal holds: placed on the pages of threads and users, listed and lifted here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.admin.actions.object_actions import ObjectAction, ObjectActionsMixin
from chat.admin.lists.columns import KIND, owner_name, public_id, time_column
from chat.admin.lists.filters import KindFilter
from chat.admin.readonly import ReadOnlyAdmin
from chat.governance import holds
from chat.models import AuditAction, Hold, Thread, User

_PERMISSION = "chat.hold_content"


def _place_hold(request: HttpRequest, row: Thread | User, reason: str) -> None:
    holds.place_hold(row, request.user.get_username(), reason)


def _lift(request: HttpRequest, row: Hold, reason: str) -> None:
    holds.lift_hold(row, request.user.get_username(), reason)


def _is_in_force(request: HttpRequest, row: Hold) -> bool:
    return row.lifted_at is None


HOLD = ObjectAction(
    "hold",
    _("Put under legal hold"),
    _(
        "Until the hold is lifted, nothing of it can be deleted or redacted: by its owner, by "
        "staff or by retention. The owner is not notified; a thread that the owner deletes "
        "disappears from their list and is kept."
    ),
    _PERMISSION,
    AuditAction.HELD,
    _place_hold,
)
LIFT = ObjectAction(
    "lift",
    _("Lift the hold"),
    _(
        "Unless another hold covers it, it can be deleted and redacted again. Threads that the owner "
        "deleted meanwhile are erased within the hour."
    ),
    _PERMISSION,
    AuditAction.LIFTED,
    _lift,
    _is_in_force,
)


def describe_holds(row: Thread | User) -> str:
    """Return the holds in force on a thread or a user as text, or "-"."""
    in_force = Hold.objects.filter(thread=row) if isinstance(row, Thread) else Hold.objects.filter(user=row)
    return "; ".join(f"{hold.made_by}, {hold.made_at:%Y-%m-%d}: {hold.reason}" for hold in in_force) or "-"


class HoldStateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "lasting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", gettext("Lasting")), ("0", gettext("Lifted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Hold]) -> QuerySet[Hold]:
        wanted = self.value()
        return queryset if wanted is None else queryset.filter(lifted_at__isnull=wanted == "1")


@admin.register(Hold)
class HoldAdmin(ObjectActionsMixin[Hold], ReadOnlyAdmin[Hold]):
    object_actions = (LIFT,)
    kinds = ("thread", "user")
    change_form_template = "admin/chat/content_form.html"
    list_display = (
        KIND,
        public_id,
        owner_name,
        "reason",
        "made_by",
        time_column("made_at", _("made")),
        "lifted_by",
        time_column("lifted_at", _("lifted"), none=_("no")),
    )
    listed = ("kind", "public_id", "owner_name", "reason", "made_by", "made_at", "lifted_by", "lifted_at")
    list_filter = (HoldStateFilter, KindFilter, "made_at")
    search_fields = ("public_id__exact", "owner_name__exact", "made_by__exact")
    search_help_text = _("Whole ids of threads, whole names of owners and staff")
    ordering = ("-pk",)
    fields = (
        (KIND, "object_pk", "public_id", "owner_name"),
        "reason",
        ("made_by", time_column("made_at", exact=True)),
        ("lifted_by", time_column("lifted_at", none=_("no"), exact=True)),
        "lift_reason",
    )

    def has_view_permission(self, request: HttpRequest, obj: Hold | None = None) -> bool:
        return request.user.has_perm(_PERMISSION) or super().has_view_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(_PERMISSION) or super().has_module_permission(request)
