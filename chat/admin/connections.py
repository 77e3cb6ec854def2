"""Users' connections to MCP servers, without their tokens."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from chat.admin.lists.columns import owner, owner_link, time_column
from chat.admin.readonly import ReadOnlyAdmin
from chat.models import ServerConnection, User
from chat.text import storable

_CONNECTED = time_column("connected_at", none=_("never"), exact=True)
_USED = time_column("used_at", none=_("never"), exact=True)
_REFUSED = time_column("refused_at", none=_("never"), exact=True)

# Encrypted tokens, and names of sign-ins; a filter would disclose them letter by letter.
SECRET_FIELDS = ("grant", "pending", "state_digest")
STATES = {
    "none": _("never connected"),
    "connected": _("connected"),
    "refused": _("to be connected again"),
}


@admin.register(ServerConnection)
class ServerConnectionAdmin(ReadOnlyAdmin[ServerConnection]):
    list_display = (
        "server",
        owner,
        "connection_state",
        time_column("connected_at", _("connected"), none=_("never")),
        time_column("used_at", _("last used"), none=_("never")),
    )
    list_select_related = ("owner",)
    listed = ("server", "owner__username", "owner__is_active", "connected_at", "used_at", "refused_at")
    list_filter = (("connected_at", admin.DateFieldListFilter),)
    search_fields = ("server",)  # makes Django show the search box; `get_search_results` does the search
    search_help_text = _("User names and names of servers")
    ordering = ("-pk",)
    fields = (("server", "owner_link"), "url", "connection_state", (_CONNECTED, _USED, _REFUSED))

    def get_queryset(self, request: HttpRequest) -> QuerySet[ServerConnection]:
        return super().get_queryset(request).defer(*SECRET_FIELDS)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ServerConnection], search_term: str
    ) -> tuple[QuerySet[ServerConnection], bool]:
        text = storable(search_term.strip())
        owners = User.objects.filter(username=text)
        named = Q(server=text) | Q(owner__in=owners.values("pk"))
        return queryset.filter(named) if text else queryset, False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return not lookup.startswith(SECRET_FIELDS) and super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("state"))
    def connection_state(self, row: ServerConnection) -> str:
        return str(STATES[row.state])

    @admin.display(description=_("user"))
    def owner_link(self, row: ServerConnection) -> str:
        return owner_link(row.owner_id, row.owner.username)
