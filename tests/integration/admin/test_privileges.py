"""Privileges of staff: superusers alone give them, directly or through groups."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from chat.models import User
from tests.integration.admin_rows import page

pytestmark = pytest.mark.django_db

GROUP_PERMISSIONS = ("view_group", "add_group", "change_group", "delete_group", "view_user", "change_user")


@pytest.fixture
def group() -> Group:
    return Group.objects.create(name="support")


@pytest.fixture
def member(staff: Callable[..., Client], group: Group) -> Client:
    """Return the client of staff who belongs to a group and has every permission on groups."""
    client = staff(*GROUP_PERMISSIONS)
    User.objects.get(username="staff").groups.add(group)
    return client


def group_form(**fields: object) -> dict[str, object]:
    permission = Permission.objects.get(codename="read_content")
    return {"name": "support", "permissions": [permission.pk], **fields}


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
