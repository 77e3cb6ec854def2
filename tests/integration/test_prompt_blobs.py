"""Texts that models receive again and again are stored once, and cost nothing afterwards."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from chat.models import PromptBlob
from chat.responses.usage import blobs
from chat.responses.usage.blobs import PromptBlobs

pytestmark = pytest.mark.django_db

Committing = Callable[..., AbstractContextManager[object]]


@pytest.fixture
def prompt_blobs() -> PromptBlobs:
    return PromptBlobs()


def count_queries(prompt_blobs: PromptBlobs, text: bytes) -> int:
    """Store a text and return the number of statements that took."""
    prompt_blobs.digest(text)
    with CaptureQueriesContext(connection) as captured:
        prompt_blobs.flush()
    return len(captured)


def test_a_text_is_stored_once_and_then_costs_no_query(
    prompt_blobs: PromptBlobs, django_capture_on_commit_callbacks: Committing
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert count_queries(prompt_blobs, "Be brief. ñ".encode()) > 0
    assert count_queries(prompt_blobs, "Be brief. ñ".encode()) == 0
    assert blobs.texts([prompt_blobs.digest("Be brief. ñ".encode())]) == {
        blobs.sha256_hex("Be brief. ñ".encode()): "Be brief. ñ".encode()
    }


def test_a_text_whose_transaction_was_lost_is_stored_with_the_next(prompt_blobs: PromptBlobs) -> None:
    with transaction.atomic():
        count_queries(prompt_blobs, b"x")
        transaction.set_rollback(True)
    assert not PromptBlob.objects.exists()
    assert count_queries(prompt_blobs, b"") > 0
    assert PromptBlob.objects.get().text == "x"


def test_a_text_that_another_process_stored_is_left_as_it_is(prompt_blobs: PromptBlobs) -> None:
    PromptBlob.objects.create(digest=blobs.sha256_hex(b"x"), text="x")
    count_queries(prompt_blobs, b"x")
    assert PromptBlob.objects.count() == 1


def test_an_empty_text_has_no_digest(prompt_blobs: PromptBlobs) -> None:
    assert prompt_blobs.digest(b"") == ""
    assert count_queries(prompt_blobs, b"") == 0
