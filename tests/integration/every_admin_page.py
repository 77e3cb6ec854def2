"""The addresses of all pages of the admin, with a row in every table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.urls import reverse

from chat.governance import holds
from chat.models import ApiToken, AuditAction, AuditLogEntry, Price, Share, Status, User
from tests.integration.admin_rows import add_turn, make_request, make_response, make_thread
from tests.integration.trace_rows import make_recorded

# Pages of one kind each.
CHOSEN = (
    "/admin/",
    "/admin/chat/thread/?q=reply",
    "/admin/chat/thread/{thread}/change/",
    "/admin/chat/response/{response}/change/",
    "/admin/chat/user/{user}/change/",
)


class Rows:
    """Rows of every table that the admin shows."""

    def __init__(self) -> None:
        self.user = User.objects.create(username=f"guest-{uuid4().hex}", is_guest=True)
        self.response = make_recorded(self.user)
        self.thread = make_thread(self.user, "A title of some words", public_id=uuid4().hex)
        leaf = add_turn(self.thread, 2, text="**bold** answer")
        make_response(
            self.thread,
            3,
            self.thread.messages.get(position=0, turn=1),
            status=Status.FAILED,
            error_code="unavailable",
            public_id=uuid4().hex,
        )
        make_request(self.response, 0)
        ApiToken.issue(self.user, "laptop")
        Group.objects.get_or_create(name="readers")
        Price.objects.get_or_create(
            model="c1", valid_from=datetime(2026, 1, 1, tzinfo=UTC), prompt_price=2, completion_price=3
        )
        Share.objects.create(owner=self.user, thread=self.thread, leaf=leaf)
        with transaction.atomic():
            holds.place_hold(self.thread, "olga", "a reason of a few words")
        AuditLogEntry.objects.create(username="olga", action=AuditAction.VIEWED, kind="thread", object_pk=1)

    def address(self, pattern: str) -> str:
        return pattern.format(thread=self.thread.pk, response=self.response.pk, user=self.user.pk)


def all_addresses(rows: Rows) -> Iterator[str]:
    """Yield the address of every kind of page."""
    yield from (rows.address(pattern) for pattern in CHOSEN)
    yield from (reverse("admin:models"), reverse("admin:chat_thread_export"))
    yield f"{reverse('admin:dashboard')}?range=90d"
    yield reverse("admin:auth_user_password_change", args=[rows.user.pk])
    for model, model_admin in admin.site._registry.items():
        table = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        newest = model._default_manager.order_by("-pk").values_list("pk", flat=True)[:1]
        yield reverse(f"{table}_changelist")
        if model in (ApiToken, Group, Price, User):
            yield reverse(f"{table}_add")
        for row in newest:
            yield from (reverse(f"{table}_{kind}", args=[row]) for kind in ("change", "history"))
            if model in (ApiToken, Group, Price):
                yield reverse(f"{table}_delete", args=[row])
            for action in getattr(model_admin, "object_actions", ()):
                yield reverse(f"{table}_{action.name}", args=[row])
