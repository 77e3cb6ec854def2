"""Requests to a person: what waits, since when and for whom; those that staff answer are answered here.

What an owner was asked stands on the response's page.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat import service
from chat.admin.access import audit
from chat.admin.actions.object_actions import ObjectAction, ObjectActionsMixin
from chat.admin.inspection.person_requests import CONTENT, request_view
from chat.admin.lists.columns import flag_column, format_id, owner_link, time_column
from chat.admin.readonly import ReadOnlyAdmin, badge, link
from chat.exceptions import ChatError
from chat.governance.exceptions import GovernanceError
from chat.models import AuditAction, PersonRequest, RequestOutcome
from chat.responses.waiting import StaffDecision

OPEN = "open"


class AnswerRefused(GovernanceError):
    """This request has ended meanwhile, or this server takes no answers now."""


def _decide(
    request: HttpRequest, row: PersonRequest, outcome: RequestOutcome, action: AuditAction, reason: str
) -> None:
    words = reason if outcome == RequestOutcome.REJECTED else ""
    record = partial(audit.record, request, action, row, reason=reason)
    decision = StaffDecision(int(request.user.pk or 0), row.pk, outcome, words, record)
    try:
        async_to_sync(service.answer_as_staff)(decision)
    except ChatError as refusal:
        raise AnswerRefused from refusal


def _awaits_staff(request: HttpRequest, row: PersonRequest) -> bool:
    return row.by_staff and row.outcome is None


APPROVE = ObjectAction(
    "approve",
    _("Approve"),
    _("The call runs at once, and the answer goes on. This cannot be undone."),
    "chat.answer_requests",
    None,
    lambda request, row, reason: _decide(request, row, RequestOutcome.APPROVED, AuditAction.APPROVED, reason),
    _awaits_staff,
)
REJECT = ObjectAction(
    "reject",
    _("Reject"),
    _("The call does not run. The model is told so, with your reason, and the answer goes on."),
    "chat.answer_requests",
    None,
    lambda request, row, reason: _decide(request, row, RequestOutcome.REJECTED, AuditAction.REJECTED, reason),
    _awaits_staff,
)


class OutcomeFilter(admin.SimpleListFilter):
    """Filter requests by their outcome, or those that are open."""

    title, parameter_name = _("outcome"), "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(OPEN, gettext("Open")), *RequestOutcome.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        return queryset.filter(outcome=None if self.value() == OPEN else self.value())


class AnsweredByFilter(admin.SimpleListFilter):
    """Filter requests by who has to answer."""

    title, parameter_name = _("who answers"), "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("staff", gettext("Staff")), ("owner", gettext("The owner"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.value() is None else queryset.filter(by_staff=self.value() == "staff")


_FOR_THREAD = flag_column("for_thread")
_SINCE, _CREATED = time_column("created_at", _("since")), time_column("created_at", exact=True)
_DEADLINE = time_column("deadline", exact=True)
_ANSWERED = time_column("answered_at", _("ended"), none=_("not yet"))
_ANSWERED_EXACT = time_column("answered_at", _("ended"), none=_("not yet"), exact=True)


@admin.register(PersonRequest)
class PersonRequestAdmin(ObjectActionsMixin[PersonRequest], ReadOnlyAdmin[PersonRequest]):
    object_actions = (APPROVE, REJECT)
    change_form_template = "admin/chat/request/change_form.html"
    list_display = (
        "shown_kind",
        "tool",
        "state",
        _SINCE,
        time_column("deadline"),
        "owner",
        "response_link",
        _ANSWERED,
        "answered_by_link",
    )
    list_select_related = ("response__owner", "answered_by")
    listed = (
        "kind",
        "tool",
        "outcome",
        "by_staff",
        "created_at",
        "deadline",
        "answered_at",
        "answered_by__username",
        "response__public_id",
        "response__owner__username",
    )
    list_filter = (OutcomeFilter, AnsweredByFilter, "kind")
    fields = (
        ("shown_kind", "tool"),
        "state",
        ("owner", "response_link"),
        (_CREATED, _DEADLINE),
        (_ANSWERED_EXACT, "answered_by_link"),
        _FOR_THREAD,
        "notices",
    )

    def has_view_permission(self, request: HttpRequest, obj: PersonRequest | None = None) -> bool:
        """Let those who decide see what they decide on, too: mails lead them here."""
        return super().has_view_permission(request, obj) or request.user.has_perm("chat.answer_requests")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PersonRequest]:
        rows = super().get_queryset(request).defer(*CONTENT)
        return rows if super().has_view_permission(request) else rows.filter(by_staff=True)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse filters by content, which would disclose it letter by letter."""
        return lookup.split("__", maxsplit=1)[0] not in CONTENT and super().lookup_allowed(
            lookup, value, request
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add what staff decide on, for those who may read content; their view is recorded before."""
        row: PersonRequest = context["original"]
        may_decide = row.by_staff and request.user.has_perm("chat.answer_requests")
        if may_decide and audit.can_read(request):
            thread = row.response.thread
            if audit.record_view(request, thread=thread, action=AuditAction.HIDDEN, obj=row):
                context["request_view"] = request_view(row)
            else:
                context.update(reason_required=True, reason_thread=thread.pk)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("kind"))
    def shown_kind(self, row: PersonRequest) -> str:
        return row.get_kind_display()

    @admin.display(description=_("outcome"))
    def state(self, row: PersonRequest) -> str:
        return badge(row.outcome or "waiting", row.get_outcome_display() or gettext("Open"))

    @admin.display(description=_("for"))
    def owner(self, row: PersonRequest) -> str:
        """Return who has to answer, or had to."""
        name = owner_link(row.response.owner_id, row.response.owner.username)
        return format_html(gettext("staff, for {}"), name) if row.by_staff else name

    @admin.display(description=_("response"))
    def response_link(self, row: PersonRequest) -> str:
        return link("response", row.response_id, format_id(row.response.public_id))

    @admin.display(description=_("by"))
    def answered_by_link(self, row: PersonRequest) -> str:
        return owner_link(row.answered_by_id, row.answered_by.username) if row.answered_by else "-"

    @admin.display(description=_("notices"))
    def notices(self, row: PersonRequest) -> str:
        """Return the mails and webhook calls about the request, with their states."""
        rows = row.notices.select_related("user").order_by("pk")
        lines = [
            (notice.get_channel_display(), notice.user or "", notice.get_state_display()) for notice in rows
        ]
        return format_html_join("", "{} {}: {}<br>", lines) or gettext("none")
