"""Clients of the admin, a model behind the application in the test's process, and a provider of single sign-on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from chat import conf, runtime
from chat.llm import registry
from chat.models import User
from chat.process import process
from chat.testing import ScriptedModel
from tests.fixtures.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
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


@pytest.fixture
def upstream(
    transactional_db: None, scripted_model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Provide the scripted model to the application of this process."""
    patched = replace(conf.settings, c1_base_url=scripted_model.base_url, thesys_api_key="key")
    monkeypatch.setattr(registry, "settings", patched)
    monkeypatch.setattr(runtime, "settings", patched)
    monkeypatch.setattr(process, "_parts", {})
    yield
    scripted_model.reset()


@pytest.fixture
def provider(settings: Any) -> Iterator[OpenIdProvider]:
    """Provide a provider of single sign-on, which the settings name."""
    made = OpenIdProvider()
    settings.CHAT_SSO_URL = made.url
    settings.CHAT_SSO_CLIENT_ID, settings.CHAT_SSO_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    settings.CHAT_SSO_NAME = "Example Ltd"
    settings.CHAT_SSO_GROUPS = ["research", "support"]
    yield made
    made.close()
