"""Recognition of pictures by their bytes, and their tokens."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.llm.clients.base import ModelProfile, ModelRequest
from chat.llm.token_estimator import TokenEstimator
from chat.responses.usage.blobs import PromptBlobs
from chat.responses.usage.recorder import UsageRecorder
from chat.schemas.image_types import content_type_of
from tests.live.pictures import PICTURES

STARTS = [data[:16] for data in PICTURES.values()]


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_is_known_by_its_content(kind: str) -> None:
    assert content_type_of(PICTURES[kind]) == kind


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_that_is_cut_off_is_none(kind: str) -> None:
    data = PICTURES[kind]
    assert content_type_of(data[: len(data) // 2]) is None


@given(st.binary(max_size=200), st.sampled_from([b"", *STARTS]))
def test_no_bytes_do_harm(data: bytes, start: bytes) -> None:
    assert content_type_of(start + data) in {None, *PICTURES}


@dataclass
class Silent:
    """A call without any output, for which the provider reported no tokens."""

    characters: int = 0
    token_counts: tuple[int, int] | None = None
    first_token: float | None = None


def test_a_picture_counts_for_what_providers_bill_and_not_for_its_bytes() -> None:
    shown = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 5_000_000}}
    words = msgspec.Raw(b'{"type": "text", "text": "' + b"x" * 4_000 + b'"}')
    recorder = UsageRecorder(TokenEstimator(), PromptBlobs())
    with recorder.call(
        ModelProfile("pictures-test", "m", {}),
        ModelRequest([{"role": "user", "content": [words, shown]}], []),
        Silent(),
    ):
        pass
    [row] = recorder.calls
    assert 1_900 < row.prompt_tokens < 2_100
