"""Texts that many requests repeat are stored once, and cost no further query."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from chat.models import PromptBlob
from chat.responses.usage import blobs

pytestmark = pytest.mark.django_db

Committing = Callable[..., AbstractContextManager[object]]


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start as in a new process."""
    monkeypatch.setattr(blobs, "_waiting", {})
    monkeypatch.setattr(blobs, "_stored", set())


def queries_of_storing(text: bytes) -> int:
    blobs.digest(text)
    with CaptureQueriesContext(connection) as captured:
        blobs.flush()
    return len(captured)


def test_a_text_is_stored_once_and_then_costs_no_query(
    django_capture_on_commit_callbacks: Committing,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert queries_of_storing("Be brief. ñ".encode()) > 0
    assert queries_of_storing("Be brief. ñ".encode()) == 0
    assert blobs.texts([blobs.digest("Be brief. ñ".encode())]) == {
        blobs.sha256_hex("Be brief. ñ".encode()): "Be brief. ñ".encode()
    }


def test_a_text_whose_transaction_was_lost_is_stored_with_the_next() -> None:
    with transaction.atomic():
        queries_of_storing(b"x")
        transaction.set_rollback(True)
    assert not PromptBlob.objects.exists()
    assert queries_of_storing(b"") > 0
    assert PromptBlob.objects.get().text == "x"


def test_a_text_that_another_process_stored_is_kept() -> None:
    PromptBlob.objects.create(digest=blobs.sha256_hex(b"x"), text="x")
    queries_of_storing(b"x")
    assert PromptBlob.objects.count() == 1


def test_an_empty_text_has_no_digest() -> None:
    assert blobs.digest(b"") == ""
    assert queries_of_storing(b"") == 0
