"""`/v1/files` with the official `openai` client for Python."""

from __future__ import annotations

import openai
import pytest
from openai import OpenAI

from chat.testing import ScriptedModel
from tests.live.files import pdf

REPORT = ("report.pdf", pdf(["Costs fell"]), "application/pdf")


def test_a_file_is_made_listed_asked_about_and_deleted(model: ScriptedModel, openai_client: OpenAI) -> None:
    made = openai_client.files.create(file=REPORT, purpose="user_data")
    assert [one.id for one in openai_client.files.list()] == [made.id]
    assert openai_client.files.retrieve(made.id).filename == "report.pdf"
    assert openai_client.files.content(made.id).read() == REPORT[1]
    question = [{"type": "input_text", "text": "What?"}, {"type": "input_file", "file_id": made.id}]
    openai_client.responses.create(model="c1", input=[{"role": "user", "content": question}])  # type: ignore[list-item,misc]
    assert "Costs fell" in str(model.requests[-1].messages[-1]["content"])
    assert openai_client.files.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError):
        openai_client.files.retrieve(made.id)


def test_a_file_of_no_known_kind_is_refused(openai_client: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError, match="not taken") as refused:
        openai_client.files.create(file=("a.exe", b"MZ\0\0"), purpose="user_data")
    assert refused.value.status_code == 415
