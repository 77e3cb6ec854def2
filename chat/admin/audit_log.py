"""The audit log: views of content and actions of staff, with time and reason. Entries cannot be changed or deleted here."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from chat.admin.lists.columns import KIND, owner_name, public_id, time_column
from chat.admin.lists.filters import KindFilter
from chat.admin.readonly import ReadOnlyAdmin
from chat.models import AuditLogEntry

# Keys of a list view that an entry's page shows: as many as a page has rows.
MAX_SHOWN_KEYS = 50


@admin.register(AuditLogEntry)
class AuditLogEntryAdmin(ReadOnlyAdmin[AuditLogEntry]):
    kinds = ("thread", "message", "response", "personrequest", "share", "user", "group")
    list_display = (
        time_column("moment", _("time")),
        "username",
        "action",
        KIND,
        public_id,
        owner_name,
        "reason",
    )
    listed = ("moment", "username", "action", "kind", "object_pk", "public_id", "owner_name", "reason")
    list_filter = ("action", KindFilter, "moment")
    search_fields = ("username__exact", "owner_name__exact", "public_id__exact")
    search_help_text = _("Whole names of staff and owners, whole ids")
    date_hierarchy = "moment"
    ordering = ("-moment", "-pk")
    fields = (
        time_column("moment", _("time"), exact=True),
        ("username", "action"),
        (KIND, "object_pk", "public_id", "owner_name"),
        "object_keys",
        "reason",
    )

    def has_view_permission(self, request: HttpRequest, obj: AuditLogEntry | None = None) -> bool:
        return request.user.has_perm("chat.view_accessrecord")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditLogEntry]:
        return super().get_queryset(request).defer("shown")

    @admin.display(description=_("keys of the rows shown"))
    def object_keys(self, row: AuditLogEntry) -> str:
        return ", ".join(map(str, row.shown[:MAX_SHOWN_KEYS])) or "-"
