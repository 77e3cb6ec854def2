"""Clients of the admin."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from chat.models import User
from tests.integration.admin_rows import client_of


@pytest.fixture
def admin() -> Client:
    """Return the client of a superuser."""
    return client_of(User.objects.create_superuser("root"))


@pytest.fixture
def staff() -> Callable[..., Client]:
    """Return a factory of clients of staff with exactly the given permissions. The first user is `staff`."""
    made = count()

    def make(*permissions: str) -> Client:
        user = User.objects.create(username=f"staff{next(made) or ''}", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        return client_of(user)

    return make
