"""The forms in which servers send thought, as the deltas of an answer."""

from __future__ import annotations

from typing import Any

from chat.testing.script import thought_part

MARK = {"google": {"thought": True}}
SUMMARY = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}

# Deltas with the thought "Hm." and then the text "Hi".
FORMS: dict[str, list[dict[str, Any]]] = {
    "reasoning_content": [{"reasoning_content": "Hm."}, {"content": "Hi"}],
    "with null content": [
        {"content": None, "reasoning_content": "Hm."},
        {"content": "Hi", "reasoning_content": None},
    ],
    "reasoning": [
        {"role": "assistant", "content": "", "reasoning": "Hm."},
        {"role": "assistant", "content": "Hi"},
    ],
    "Copilot's reasoning_text": [{"reasoning_text": "Hm."}, {"content": "Hi"}],
    "thinking": [{"thinking": "Hm."}, {"content": "Hi"}],
    "thinking as an object": [{"thinking": {"thinking": "Hm.", "signature": "s"}}, {"content": "Hi"}],
    "in pieces": [*({"reasoning": piece} for piece in "Hm."), *({"content": piece} for piece in "Hi")],
    "in the delta of the text": [{"reasoning_content": "Hm.", "content": "Hi"}],
    "under two names": [{"reasoning": "Hm.", "reasoning_content": "Hm."}, {"content": "Hi"}],
    "details": [{"reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]}, {"content": "Hi"}],
    "details of a summary": [
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "Hm."}]},
        {"content": "Hi"},
    ],
    "details beside their text": [
        {"reasoning": "Hm.", "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]},
        {"reasoning_details": [{"type": "reasoning.encrypted", "data": "xyz"}]},
        {"content": "Hi"},
    ],
    "blocks": [{"thinking_blocks": [{"type": "thinking", "thinking": "Hm."}]}, {"content": "Hi"}],
    "parts": [{"content": [thought_part("Hm.")]}, {"content": [{"type": "text", "text": "Hi"}]}],
    "parts in one delta": [{"content": [thought_part("Hm."), {"type": "text", "text": "Hi"}]}],
    "a part with a summary": [{"content": [SUMMARY]}, {"content": "Hi"}],
    "parts of the type reasoning_text": [
        {"content": [{"type": "reasoning_text", "text": "Hm."}]},
        {"content": "Hi"},
    ],
    "parts of the type reasoning_content": [
        {"content": [{"type": "reasoning_content", "reasoning_content": {"text": "Hm."}}]},
        {"content": "Hi"},
    ],
    "parts of the type thinking_delta": [
        {"content": [{"type": "thinking_delta", "thinking": "Hm."}]},
        {"content": "Hi"},
    ],
    "a part of a summary alone": [{"content": [{"type": "summary_text", "text": "Hm."}]}, {"content": "Hi"}],
    "a marked part": [{"content": [{"type": "text", "text": "Hm.", "thought": True}]}, {"content": "Hi"}],
    "marked content": [
        {"content": "<thought>Hm", "extra_content": MARK},
        {"content": ".", "extra_content": MARK},
        {"content": "</thought>Hi"},
    ],
    "marked content without tags": [{"content": "Hm.", "extra_content": MARK}, {"content": "Hi"}],
}
