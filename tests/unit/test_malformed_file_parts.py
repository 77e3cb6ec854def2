"""File parts of an older program, which stored parts of unknown types as they came."""

from __future__ import annotations

from typing import Any

import pytest

from chat.api.dialects import openai_items
from chat.api.encoders import ag_ui_messages, ai_sdk_messages
from chat.responses.claims import resends


@pytest.mark.parametrize(
    "part", [{"type": "file"}, {"type": "file", "file": "x"}, {"type": "file", "file": {}}]
)
def test_a_file_part_without_a_file_is_left_out_everywhere(part: dict[str, Any]) -> None:
    assert openai_items._input_part(part) is None
    assert ag_ui_messages._part(part) is None
    assert ai_sdk_messages._user_part(part, {}) is None
    assert resends._shown_part(part) is None
