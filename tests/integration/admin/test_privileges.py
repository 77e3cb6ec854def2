"""Privileges of staff: what each permission opens, and that superusers alone give privileges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.test import Client
from django.urls import reverse

from chat.models import ApiToken, User
from tests.integration.admin_rows import client_of, page

pytestmark = pytest.mark.django_db

Staff = Callable[..., Client]

GROUP_PERMISSIONS = ("view_group", "add_group", "change_group", "delete_group", "view_user", "change_user")


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


@pytest.fixture
def group() -> Group:
    return Group.objects.create(name="support")


@pytest.fixture
def member(staff: Staff, group: Group) -> Client:
    """Return the client of staff who belongs to a group and has every permission on groups."""
    client = staff(*GROUP_PERMISSIONS)
    User.objects.get(username="staff").groups.add(group)
    return client


# The form of a rule, which stays empty.
NO_RULE: dict[str, object] = {"usage_rule-TOTAL_FORMS": 0, "usage_rule-INITIAL_FORMS": 0}


def group_form(**fields: object) -> dict[str, object]:
    permission = Permission.objects.get(codename="read_content")
    return {"name": "support", "permissions": [permission.pk], **NO_RULE, **fields}


def test_staff_cannot_extend_the_permissions_of_their_group(member: Client, group: Group) -> None:
    answer = member.post(reverse("admin:auth_group_change", args=[group.pk]), group_form())
    assert answer.status_code == 403
    assert not group.permissions.exists()
    assert not User.objects.get(username="staff").has_perm("chat.read_content")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("add", group_form),
        ("delete", lambda: {"post": "yes"}),
        ("changelist", lambda: {"action": "delete_selected", "_selected_action": [1], "post": "yes"}),
    ],
)
def test_staff_can_neither_add_nor_delete_groups(
    member: Client, group: Group, name: str, form: Callable[[], dict[str, object]]
) -> None:
    args = [group.pk] if name == "delete" else []
    fields = form() | ({"_selected_action": [group.pk], "name": "other"} if name != "delete" else {})
    assert member.post(reverse(f"admin:auth_group_{name}", args=args), fields).status_code in (200, 403)
    assert list(Group.objects.all()) == [group]


def test_staff_can_still_view_groups(member: Client, group: Group) -> None:
    assert "support" in page(member, "auth_group_changelist")
    assert "support" in page(member, "auth_group_change", group.pk)


def test_superusers_change_groups(admin: Client, group: Group) -> None:
    assert admin.post(reverse("admin:auth_group_change", args=[group.pk]), group_form()).status_code == 302
    assert group.permissions.get().codename == "read_content"


@pytest.mark.parametrize("own", [True, False])
def test_staff_cannot_move_users_into_groups(member: Client, own: bool) -> None:
    other = Group.objects.create(name="readers")
    user = User.objects.get(username="staff") if own else User.objects.create(username="olga")
    form = {"username": user.username, "groups": [other.pk], "user_permissions": [1], "is_superuser": "on"}
    assert member.post(reverse("admin:chat_user_change", args=[user.pk]), form).status_code == 302
    changed = User.objects.get(pk=user.pk)
    assert other not in changed.groups.all()
    assert not changed.is_superuser


def test_staff_can_neither_give_privileges_nor_set_passwords(staff: Staff, owner: User) -> None:
    client = staff("view_user", "change_user")
    form = {
        "username": "olga",
        "email": "o@example.org",
        "is_superuser": "on",
        "is_staff": "on",
        "is_active": "",
    }
    at = reverse("admin:chat_user_change", args=[owner.pk])
    assert client.post(at, form).status_code == 302
    changed = User.objects.get(pk=owner.pk)
    assert (changed.email, changed.is_superuser, changed.is_staff, changed.is_active) == (
        "",
        False,
        False,
        True,
    )
    assert client.get(reverse("admin:auth_user_password_change", args=[owner.pk])).status_code == 403


def test_staff_cannot_have_the_link_to_a_new_password_sent_to_themselves(
    staff: Staff, owner: User, settings: Any
) -> None:
    settings.DEFAULT_FROM_EMAIL, settings.CHAT_PUBLIC_URL = "chat@example.org", "https://chat.example.org/"
    owner.email = "olga@example.org"
    owner.set_password("something long enough")
    owner.save()
    at = reverse("admin:chat_user_change", args=[owner.pk])
    staff("view_user", "change_user").post(at, {"username": "olga", "email": "staff@example.org"})
    Client().post("/password/reset/", {"email": "staff@example.org"})
    assert mail.outbox == []
    assert User.objects.get(pk=owner.pk).email == "olga@example.org"


def test_staff_cannot_change_other_staff(staff: Staff) -> None:
    boss = User.objects.create_superuser("boss")
    client = staff("view_user", "change_user")
    form = {"username": "boss2"}
    assert client.post(reverse("admin:chat_user_change", args=[boss.pk]), form).status_code == 403


def test_superusers_can_give_privileges(owner: User) -> None:
    root = client_of(User.objects.create_superuser("root"))
    at = reverse("admin:chat_user_change", args=[owner.pk])
    assert root.post(at, {"username": "olga", "is_staff": "on", **NO_RULE}).status_code == 302
    assert User.objects.get(pk=owner.pk).is_staff
    assert root.get(reverse("admin:auth_user_password_change", args=[owner.pk])).status_code == 200


def test_staff_create_tokens_only_for_themselves(staff: Staff, owner: User) -> None:
    client = staff("view_apitoken", "add_apitoken")
    at = reverse("admin:chat_apitoken_add")
    assert 'name="user"' not in client.get(at).content.decode()
    client.post(at, {"user": owner.pk, "name": "mine", "scopes": ["read"]})
    assert ApiToken.objects.get().user.is_staff


# Each table, and the permissions any one of which opens its list.
LIST_PERMISSIONS = {
    "auditlogentry": {"view_accessrecord"},
    "hold": {"view_hold", "hold_content"},
    "thread": {"view_thread"},
    "message": {"view_message"},
    "response": {"view_response"},
    "user": {"view_user", "change_user"},
    "apitoken": {"view_apitoken"},
    "share": {"view_share"},
}


RIGHTS = sorted(
    {
        *set().union(*LIST_PERMISSIONS.values()),
        "read_content",
        "read_hidden_content",
        "export_content",
        "redact_content",
    }
)


@pytest.mark.parametrize("right", RIGHTS)
def test_each_permission_opens_only_its_own_lists(staff: Staff, right: str) -> None:
    client = staff(right)
    opened = {
        kind
        for kind in LIST_PERMISSIONS
        if client.get(reverse(f"admin:chat_{kind}_changelist")).status_code == 200
    }
    assert opened == {kind for kind, rights in LIST_PERMISSIONS.items() if right in rights}
    assert client.get(reverse("admin:chat_thread_export")).status_code == 403
