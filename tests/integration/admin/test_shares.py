"""Public links in the admin: listed without their address, found by it, and revoked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.models import AuditAction, AuditLogEntry, Share, Thread, User
from chat.schemas import NewShare
from chat.threads import shares
from tests.integration.admin_rows import make_thread, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


@pytest.fixture
def share(owner: User) -> Share:
    return shares.create(owner.pk, make_thread(owner, "secret title").public_id, NewShare())


def test_a_link_is_listed_with_thread_owner_and_state(staff: Callable[..., Client], share: Share) -> None:
    client = staff("view_share", "view_thread")
    for text in (page(client, "chat_share_changelist"), page(client, "chat_share_change", share.pk)):
        assert share.thread.public_id in text
        assert "olga" in text
        assert "works" in text


def test_the_address_of_a_link_is_shown_nowhere(admin: Client, share: Share) -> None:
    for view in ("change", "revoke", "history"):
        assert share.public_id not in page(admin, f"chat_share_{view}", share.pk), view
    assert share.public_id not in page(admin, "chat_share_changelist")
    assert share.public_id not in page(admin, "chat_thread_change", share.thread_id)
    admin.post(reverse("admin:chat_share_revoke", args=[share.pk]), {"reason": "abuse"})
    assert share.public_id not in str(list(AuditLogEntry.objects.values()))


@pytest.mark.parametrize("lookup", ["public_id", "public_id__startswith", "public_id__exact"])
def test_links_cannot_be_filtered_by_their_address(admin: Client, share: Share, lookup: str) -> None:
    answer = admin.get(reverse("admin:chat_share_changelist"), {lookup: share.public_id[:1]})
    assert answer.status_code == 400


@pytest.mark.parametrize("form", ["{}", "/s/{}", "https://chat.example/s/{}", "https://chat.example/s/{}/"])
def test_a_reported_link_is_found_by_its_address(admin: Client, share: Share, form: str) -> None:
    shares.create(share.owner_id, make_thread(share.owner).public_id, NewShare())
    found = page(admin, "chat_share_changelist", q=form.format(share.public_id))
    assert f"share {share.pk}<" in found
    assert "1 share<" in found


@pytest.mark.parametrize("words", ["thread", "owner"])
def test_links_are_found_by_thread_and_owner(admin: Client, share: Share, words: str) -> None:
    other = User.objects.create(username="other")
    shares.create(other.pk, make_thread(other).public_id, NewShare())
    text = {"thread": share.thread.public_id, "owner": "olga"}[words]
    assert "1 share<" in page(admin, "chat_share_changelist", q=text)


def test_a_revoked_link_no_longer_works_and_the_revocation_is_recorded(
    staff: Callable[..., Client], share: Share
) -> None:
    assert shares.read(share.public_id) is not None
    client = staff("view_share", "delete_share", "view_thread")
    answer = client.post(reverse("admin:chat_share_revoke", args=[share.pk]), {"reason": "ticket 7"})
    assert answer.headers["Location"] == reverse("admin:chat_share_changelist")
    assert shares.read(share.public_id) is None
    assert Thread.objects.filter(pk=share.thread_id).exists()
    entry = AuditLogEntry.objects.get()
    assert (entry.action, entry.kind, entry.object_pk) == (AuditAction.REVOKED, "share", share.pk)
    assert (entry.public_id, entry.owner_name, entry.reason) == (share.thread.public_id, "olga", "ticket 7")


def test_the_state_of_a_link_says_why_it_does_not_work(admin: Client, share: Share) -> None:
    Share.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "expired" in page(admin, "chat_share_change", share.pk)
    Thread.objects.update(soft_deleted_at=timezone.now())
    assert "thread deleted" in page(admin, "chat_share_change", share.pk)
    User.objects.filter(username="olga").update(is_active=False)
    assert "owner suspended" in page(admin, "chat_share_change", share.pk)


def test_the_page_of_a_thread_leads_to_its_links(admin: Client, share: Share) -> None:
    address = reverse("admin:chat_share_changelist", query={"thread__id__exact": share.thread_id})
    assert f'href="{address}">1</a>' in page(admin, "chat_thread_change", share.thread_id)
    assert "1 share<" in page(admin, "chat_share_changelist", thread__id__exact=share.thread_id)


@pytest.mark.parametrize("view", ["add", "change", "delete"])
def test_links_can_be_neither_added_nor_changed_nor_deleted_without_a_reason(
    admin: Client, share: Share, view: str
) -> None:
    args = [] if view == "add" else [share.pk]
    assert admin.post(reverse(f"admin:chat_share_{view}", args=args), {"post": "yes"}).status_code == 403
    assert Share.objects.exists()
