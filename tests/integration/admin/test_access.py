"""Permissions of the admin, and escaping of everything it shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

import pytest
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from chat.models import ApiToken, Response, Thread, User
from tests.integration.admin_rows import LISTS, make_thread, page, write_log

pytestmark = pytest.mark.django_db

PAYLOADS = (
    "<script>alert(1)</script><a href=javascript:alert(1)>x</a>",
    "\"'><img src=x onerror=alert(2)>",
    "</pre></details><svg onload=alert(3)>{{ 7|add:7 }}{% debug %}",
)


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


@pytest.mark.parametrize("kind", ["thread", "message", "response"])
def test_content_can_be_neither_added_nor_changed_nor_deleted(admin: Client, owner: User, kind: str) -> None:
    thread = make_thread(owner)
    row = {"thread": thread, "message": thread.messages.first(), "response": thread.responses.first()}[kind]
    assert row is not None
    for name, args in (("add", []), ("change", [row.pk]), ("delete", [row.pk])):
        answer = admin.post(reverse(f"admin:chat_{kind}_{name}", args=args), {"post": "yes", "title": "new"})
        assert answer.status_code == 403, name
    answer = admin.post(
        reverse(f"admin:chat_{kind}_changelist"), {"action": "delete_selected", "_selected_action": [row.pk]}
    )
    assert answer.status_code != 302
    assert type(row).objects.filter(pk=row.pk).exists()
    assert Thread.objects.get(pk=thread.pk).title == "hello"


def test_content_is_shown_nowhere_without_the_permission_to_read_it(
    staff: Callable[..., Client], owner: User
) -> None:
    thread = make_thread(owner, title="A title")
    response = thread.responses.get()
    write_log(response, (b"reply hello", False))
    client = staff("view_thread", "view_response")
    for name, key in (("thread", thread.pk), ("response", response.pk)):
        text = page(client, f"chat_{name}_change", key)
        assert "hello" not in text
    assert client.get(reverse("admin:chat_message_changelist")).status_code == 403
    assert (
        client.get(
            reverse("admin:chat_message_change", args=[thread.messages.get(position=0).pk])
        ).status_code
        == 403
    )


def test_permissions_on_messages_open_messages_and_nothing_else(
    staff: Callable[..., Client], owner: User
) -> None:
    thread = make_thread(owner)
    client = staff("view_message", "read_content")
    assert "reply hello" in page(client, "chat_message_changelist")
    for name in ("thread", "response", "user", "apitoken"):
        assert client.get(reverse(f"admin:chat_{name}_changelist")).status_code == 403
    assert client.get(reverse("admin:chat_thread_change", args=[thread.pk])).status_code == 403


@pytest.mark.parametrize(
    "query",
    ["messages__content__icontains=hello", "owner__password__startswith=p", "responses__error_detail=x"],
)
def test_a_filter_that_a_list_does_not_offer_is_refused(
    staff: Callable[..., Client], owner: User, query: str
) -> None:
    make_thread(owner)
    client = staff("view_thread")
    assert client.get(f"{reverse('admin:chat_thread_changelist')}?{query}").status_code == 400


def test_a_new_token_is_shown_once_and_works(admin: Client, owner: User) -> None:
    address = reverse("admin:chat_apitoken_add")
    answer = admin.post(
        address, {"user": owner.pk, "name": "laptop", "scopes": ["read", "send"]}, follow=True
    )
    found = re.search(r"chat_[\w-]{43}", answer.content.decode())
    assert found
    token = ApiToken.objects.get()
    assert (token.scopes, token.expires_at) == (["read", "send"], None)
    assert (token.user, token.name, token.digest) == (owner, "laptop", ApiToken.digest_of(found[0]))
    later = page(admin, "chat_apitoken_changelist") + page(admin, "chat_apitoken_change", token.pk)
    assert found[0] not in later
    assert token.digest not in later


def test_a_token_is_revoked_by_deleting_it(admin: Client, owner: User) -> None:
    ApiToken.issue(owner, "laptop")
    token = ApiToken.objects.get()
    text = admin.post(reverse("admin:chat_apitoken_delete", args=[token.pk]), {"post": "yes"}, follow=True)
    assert "deleted successfully" in text.content.decode()
    assert not ApiToken.objects.exists()


def test_tokens_cannot_be_filtered_by_digest(admin: Client, owner: User) -> None:
    ApiToken.issue(owner)
    answer = admin.get(reverse("admin:chat_apitoken_changelist"), {"digest__startswith": "a"})
    assert answer.status_code == 400


def test_guests_can_be_filtered(admin: Client, owner: User) -> None:
    User.objects.create(username="visitor", is_guest=True)
    text = page(admin, "chat_user_changelist", is_guest__exact=1)
    assert "visitor" in text
    assert "olga" not in text


def test_an_account_is_created_and_its_password_works(admin: Client) -> None:
    password = "long enough 4 all"
    form = {"username": "new", "usable_password": "true", "password1": password, "password2": password}
    assert admin.post(reverse("admin:chat_user_add"), form).status_code == 302
    assert Client().login(username="new", password=password)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markup_in_any_field_is_shown_as_text_on_every_page(admin: Client, payload: str) -> None:
    rows = _marked_rows(payload)
    for row in rows:
        kind = row._meta.model_name
        LogEntry.objects.create(
            user_id=User.objects.get(username="root").pk,
            content_type=ContentType.objects.get_for_model(row),
            object_id=str(row.pk),
            object_repr=str(row)[:200],
            action_flag=ADDITION,
            change_message=payload,
        )
        shown = [page(admin, f"chat_{kind}_changelist")]
        shown += [page(admin, f"chat_{kind}_{view}", row.pk) for view in ("change", "history")]
        if kind == "apitoken":
            shown.append(page(admin, "chat_apitoken_delete", row.pk))
        for text in shown:
            assert payload not in text, kind
        assert any(escape(payload) in text for text in shown), kind
    assert payload not in page(admin, "index")


def _marked_rows(payload: str) -> list[Model]:
    """Create one row of each kind with the payload in every text field."""
    owner = User.objects.create(username=payload, first_name=payload, email=payload)
    thread = make_thread(owner, payload, public_id=payload, model=payload)
    response = thread.responses.get()
    Response.objects.filter(pk=response.pk).update(
        public_id=payload,
        model=payload,
        finish_reason=payload,
        error_code="model_failed",
        error_detail=payload,
    )
    write_log(response, (payload.encode(), False), (payload.encode(), True))
    thread.messages.filter(position=2).update(public_id=payload, tool_call_id=payload)
    ApiToken.issue(owner, payload)
    return [owner, thread, Response.objects.get(), *thread.messages.all(), ApiToken.objects.get()]


def test_every_page_complies_with_the_content_security_policy(admin: Client, owner: User) -> None:
    thread = make_thread(owner)
    pages = [page(admin, f"chat_{kind}_changelist") for kind in LISTS]
    pages += [
        page(admin, "chat_thread_change", thread.pk),
        page(admin, "chat_response_change", thread.responses.get().pk),
    ]
    for text in pages:
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text)
