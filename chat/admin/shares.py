"""Public links to threads: listed without their address, which gives access, and revoked."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.admin.actions.object_actions import ObjectAction, ObjectActionsMixin
from chat.admin.lists.columns import format_id, owner, owner_link, time_column
from chat.admin.readonly import ReadOnlyAdmin, link
from chat.models import AuditAction, Share, Thread, User
from chat.text import storable


def _revoke(request: HttpRequest, row: Share, reason: str) -> None:
    Share.objects.filter(pk=row.pk).delete()


REVOKE = ObjectAction(
    "revoke",
    _("Revoke"),
    _("The link stops working at once. The thread and its other links are kept. The owner is not notified."),
    "chat.delete_share",
    AuditAction.REVOKED,
    _revoke,
)


_CREATED = time_column("created_at", exact=True)
_EXPIRES = time_column("expires_at", none=_("never"), exact=True)


@admin.register(Share)
class ShareAdmin(ObjectActionsMixin[Share], ReadOnlyAdmin[Share]):
    object_actions = (REVOKE,)
    change_form_template = "admin/chat/content_form.html"
    list_display = (
        "__str__",
        "in_thread",
        owner,
        "state",
        time_column("created_at", _("created")),
        time_column("expires_at", _("expires"), none=_("never")),
    )
    list_select_related = ("thread", "owner")
    listed = (
        "thread__public_id",
        "thread__soft_deleted_at",
        "owner__username",
        "owner__is_active",
        "created_at",
        "expires_at",
    )
    list_filter = (("created_at", admin.DateFieldListFilter), ("expires_at", admin.DateFieldListFilter))
    search_fields = ("thread",)  # makes Django show the search box; `get_search_results` does the search
    search_help_text = _("Complete links, thread ids and user names")
    ordering = ("-pk",)
    fields = (("thread_link", "owner_link"), "state", (_CREATED, _EXPIRES))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Share]:
        return super().get_queryset(request).defer("public_id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Share], search_term: str
    ) -> tuple[QuerySet[Share], bool]:
        """Search links as people report them, with or without the address of the server."""
        text = storable(search_term.strip())
        if not text:
            return queryset, False
        threads, owners = Thread.objects.filter(public_id=text), User.objects.filter(username=text)
        share_id = text.rstrip("/").rpartition("/")[2]
        named = Q(public_id=share_id) | Q(thread__in=threads.values("pk")) | Q(owner__in=owners.values("pk"))
        return queryset.filter(named), False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse filters by the link's id, which would disclose it letter by letter."""
        return not lookup.startswith("public_id") and super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("state"))
    def state(self, row: Share) -> str:
        if not row.owner.is_active:
            return gettext("owner suspended")
        if row.thread.soft_deleted_at is not None:
            return gettext("thread deleted")
        expired = row.expires_at is not None and row.expires_at <= timezone.now()
        return gettext("expired") if expired else gettext("works")

    @admin.display(description=_("thread"))
    def thread_link(self, row: Share) -> str:
        return link("thread", row.thread_id, row.thread)

    @admin.display(description=_("owner"))
    def owner_link(self, row: Share) -> str:
        return owner_link(row.owner_id, row.owner.username)

    @admin.display(description=_("thread"))
    def in_thread(self, row: Share) -> str:
        return link("thread", row.thread_id, format_id(row.thread.public_id))
