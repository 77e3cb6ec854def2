"""Rows of connections: sign-ins used once, tokens at rest, refreshes by one task, and what goes with a user."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from chat import conf
from chat.accounts import erasure, suspension
from chat.accounts.identity import Caller, Credentials
from chat.accounts.mcp_connections import encryption, store
from chat.accounts.mcp_connections.sign_in import finish
from chat.accounts.mcp_connections.store import RefreshLease, RefreshUnderWay
from chat.accounts.mcp_connections.tokens import StoredTokens
from chat.models import ServerConnection, User
from chat.schemas.queries import SignInAnswer
from chat.tools.mcp import spec as mcp_spec
from chat.tools.mcp.oauth.http import OAuthError
from chat.tools.mcp.oauth.records import AuthorizationServer, Grant, OAuthClient, PendingAuthorization
from tests.fixtures.database import close_database_threads
from tests.fixtures.oauth_liar import Liar, liar
from tests.integration.admin_rows import page

pytestmark = pytest.mark.django_db

URL = "https://notes.example/mcp"
SERVER = AuthorizationServer("https://as.example", URL, "https://as.example/a", "https://as.example/t")
US = OAuthClient("us")


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


def pending(url: str = URL) -> PendingAuthorization:
    return PendingAuthorization(url, SERVER, US, "https://chat.example/api/oauth/callback", "v", "c")


def grant(**fields: Any) -> Grant:
    given = {"access_token": "at-canary", "refresh_token": "rt-canary", **fields}
    return Grant(SERVER, US, **given)


def connect(owner: User, given: Grant) -> ServerConnection:
    store.begin(owner.pk, "notes", digest := store.state_digest("session", "state"), pending())
    sign_in = store.take_sign_in(owner.pk, digest)
    assert sign_in is not None
    assert store.connect(owner.pk, sign_in, given) is not None
    return ServerConnection.objects.get(owner=owner)


def token(owner: User, refused: str = "", url: str = URL) -> str | RefreshLease | None:
    return store.take(owner.pk, "notes", url, refused)


# The sign-in


def test_a_sign_in_is_used_once_by_its_user_in_its_session(owner: User) -> None:
    other = User.objects.create(username="otto")
    digest = store.state_digest("session", "state")
    store.begin(owner.pk, "notes", digest, pending())
    assert store.take_sign_in(other.pk, digest) is None
    assert store.take_sign_in(owner.pk, store.state_digest("another session", "state")) is None
    assert store.take_sign_in(owner.pk, digest) is not None
    assert store.take_sign_in(owner.pk, digest) is None


def test_a_second_sign_in_replaces_the_first(owner: User) -> None:
    first, second = store.state_digest("session", "1"), store.state_digest("session", "2")
    store.begin(owner.pk, "notes", first, pending())
    store.begin(owner.pk, "notes", second, pending())
    assert (store.take_sign_in(owner.pk, first), store.take_sign_in(owner.pk, second) is None) == (
        None,
        False,
    )


def test_a_sign_in_ends_after_some_minutes(owner: User) -> None:
    digest = store.state_digest("session", "state")
    store.begin(owner.pk, "notes", digest, pending())
    ServerConnection.objects.update(pending_since=Now() - store.SIGN_IN_LIFE - timedelta(seconds=1))
    assert store.take_sign_in(owner.pk, digest) is None


def test_a_sign_in_ends_with_a_disconnection_and_a_suspension(owner: User) -> None:
    for end in (lambda: store.disconnect(owner.pk, "notes"), lambda: suspension.suspend(owner.pk)):
        store.begin(owner.pk, "notes", digest := store.state_digest("session", "state"), pending())
        sign_in = store.take_sign_in(owner.pk, digest)
        assert sign_in is not None
        end()
        assert store.connect(owner.pk, sign_in, grant()) is None


def test_a_new_sign_in_returns_the_former_tokens_except_those_that_it_has_too(owner: User) -> None:
    connect(owner, grant(access_token="first"))
    store.begin(owner.pk, "notes", digest := store.state_digest("session", "state"), pending())
    sign_in = store.take_sign_in(owner.pk, digest)
    assert sign_in is not None
    former = store.connect(owner.pk, sign_in, grant(access_token="second"))
    assert former == [(URL, grant(access_token="first", refresh_token=""))]


# Tokens at rest


def test_tokens_are_encrypted_for_their_row(owner: User) -> None:
    row = connect(owner, grant())
    assert "canary" not in str(ServerConnection.objects.values())
    other = User.objects.create(username="otto")
    ServerConnection.objects.filter(pk=row.pk).update(owner=other)
    assert token(other) is None
    assert store.connections(other.pk)[0].state == "refused"


def test_tokens_are_read_with_a_former_key_and_kept_with_the_current_one(owner: User, settings: Any) -> None:
    before = connect(owner, grant()).grant
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]
    assert token(owner) == "at-canary"
    after = ServerConnection.objects.get().grant
    settings.SECRET_KEY_FALLBACKS = []
    assert (after != before, token(owner)) == (True, "at-canary")


def test_tokens_of_an_unknown_key_are_unusable_until_it_is_back(owner: User, settings: Any) -> None:
    connect(owner, grant())
    settings.SECRET_KEY, former = "new", settings.SECRET_KEY
    assert (token(owner), store.connections(owner.pk)[0].state) == (None, "refused")
    settings.SECRET_KEY_FALLBACKS = [former]
    assert (token(owner), store.connections(owner.pk)[0].state) == ("at-canary", "connected")


def test_a_token_that_was_used_a_moment_ago_takes_one_statement(
    owner: User, django_assert_num_queries: Any
) -> None:
    connect(owner, grant())
    assert token(owner) == "at-canary"
    with django_assert_num_queries(1):
        assert token(owner) == "at-canary"


def test_a_damaged_text_is_unreadable() -> None:
    for text in ("", "x", encryption.encrypt(US, "row")):
        with pytest.raises(encryption.Undecryptable):
            encryption.decrypt(text, "row", Grant)


# Use


def test_tokens_go_to_the_address_that_was_connected_alone(owner: User) -> None:
    connect(owner, grant())
    assert store.connected(owner.pk, {"notes": URL}) == {"notes"}
    assert store.connected(owner.pk, {"notes": "https://moved.example/mcp"}) == set()
    assert token(owner, url="https://moved.example/mcp") is None


def test_a_suspended_user_has_no_connections_until_restored(owner: User) -> None:
    connect(owner, grant())
    suspension.suspend(owner.pk)
    assert store.connected(owner.pk, {"notes": URL}) == set()
    suspension.restore(owner.pk)
    assert store.connected(owner.pk, {"notes": URL}) == {"notes"}


def test_one_task_refreshes_and_its_right_ends_with_time(owner: User) -> None:
    connect(owner, grant(expires_at=time.time()))
    lease = token(owner)
    assert isinstance(lease, RefreshLease)
    with pytest.raises(RefreshUnderWay):
        token(owner)
    ServerConnection.objects.update(refreshing_until=Now() - timedelta(seconds=1))
    assert isinstance(token(owner), RefreshLease)
    assert store.store_refreshed(lease, grant(access_token="new"))
    assert token(owner) == "new"


def test_a_refresh_stores_nothing_after_a_change(owner: User) -> None:
    connect(owner, grant())
    lease = token(owner, refused="at-canary")
    assert isinstance(lease, RefreshLease)
    connect(owner, grant(access_token="newer"))
    assert not store.store_refreshed(lease, grant(access_token="late"))
    store.end_refresh(lease, refused=True)
    assert token(owner) == "newer"


def test_an_expired_token_without_a_refresh_token_is_refused(owner: User) -> None:
    connect(owner, grant(refresh_token="", expires_at=time.time() - 1))
    assert (token(owner), ServerConnection.objects.get().state) == (None, "refused")


# The end


def test_a_user_takes_the_rows_along(owner: User) -> None:
    connect(owner, grant())
    erasure.begin(owner.pk)
    assert erasure.erase_batch(owner.pk)
    assert not ServerConnection.objects.exists()


def test_the_admin_lists_connections_without_tokens(admin: Client, owner: User) -> None:
    row = connect(owner, grant())
    texts = page(admin, "chat_serverconnection_changelist") + page(
        admin, "chat_serverconnection_change", row.pk
    )
    assert all(words in texts for words in ("olga", "notes", "connected"))
    assert row.grant not in texts


# Refreshes against a server


@pytest.fixture
def provider() -> Iterator[Liar]:
    with liar() as server:
        yield server


@pytest.fixture
def connected(owner: User, provider: Liar, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    """Provide a user with an expired token."""
    mcp = json.dumps({"notes": {"url": provider.url, "auth": "oauth"}})
    monkeypatch.setattr(mcp_spec, "settings", replace(conf.settings, mcp=mcp))
    server = AuthorizationServer(provider.origin, provider.url, "", f"{provider.origin}/token")
    old = Grant(server, US, "old", "again", time.time())
    text = encryption.encrypt(old, store.row_name(owner.pk, "notes"))
    ServerConnection.objects.create(
        owner=owner, server="notes", url=provider.url, grant=text, connected_at=Now()
    )
    yield owner
    close_database_threads()


def get(owner: User, tasks: int = 1) -> list[Any]:
    """Return what tasks of two processes get at once."""

    async def main() -> list[Any]:
        processes = [StoredTokens(), StoredTokens()]
        asked = (processes[number % 2].get(owner.pk, "notes") for number in range(tasks))
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(main())


@pytest.mark.django_db(transaction=True)
def test_many_tasks_refresh_once(connected: User, provider: Liar) -> None:
    provider.answers["/token"] = (200, {"access_token": "new", "token_type": "Bearer", "expires_in": 3600})
    assert set(get(connected, 8)) == {"new"}
    assert [form["refresh_token"] for form in provider.forms] == ["again"]


@pytest.mark.django_db(transaction=True)
def test_a_refused_refresh_ends_the_connection_and_a_passing_failure_does_not(
    connected: User, provider: Liar
) -> None:
    for answered in (503, {}), (400, {"error": "slow_down"}):
        provider.answers["/token"] = answered
        assert isinstance(get(connected)[0], OAuthError)
        assert ServerConnection.objects.get().state == "connected"
    provider.answers["/token"] = (400, {"error": "invalid_grant"})
    assert get(connected) == [None]
    assert ServerConnection.objects.get().state == "refused"


@pytest.mark.django_db(transaction=True)
def test_a_user_who_lost_the_permission_has_no_tokens_to_use(
    connected: User, provider: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connected_servers(connected) == {"notes"}
    mcp = json.dumps({"notes": {"url": provider.url, "auth": "oauth", "permission": "chat.view_thread"}})
    monkeypatch.setattr(mcp_spec, "settings", replace(conf.settings, mcp=mcp))
    assert connected_servers(connected) == set()


def connected_servers(user: User) -> set[str]:
    return set(asyncio.run(StoredTokens().connected(user.pk)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [{"url": "https://moved.example/mcp"}, {"permission": "chat.view_thread"}])
def test_a_sign_in_is_refused_where_its_server_has_changed_meanwhile(
    connected: User, provider: Liar, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    caller = Caller(connected.pk, "olga", False, True, Credentials(None, "session"), 0.0)
    store.begin(connected.pk, "notes", store.state_digest("session", "state"), pending(provider.url))
    mcp = json.dumps({"notes": {"url": provider.url, "auth": "oauth", **change}})
    monkeypatch.setattr(mcp_spec, "settings", replace(conf.settings, mcp=mcp))
    outcome = asyncio.run(finish(caller, SignInAnswer(state="state", code="code")))
    assert (outcome, provider.forms) == (("notes", "expired"), [])
