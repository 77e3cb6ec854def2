"""Escaping on the pages of the trace, and their compliance with the content security policy."""

from __future__ import annotations

import re
from html import escape

import pytest
from django.test import Client
from django.urls import reverse

from chat.models import Message, PromptBlob, Response, Thread, UpstreamCall, User
from chat.responses.usage import blobs
from chat.threads import messages
from tests.integration.admin.test_access import PAYLOADS
from tests.integration.admin_rows import client_of, page
from tests.integration.trace_rows import make_call, make_recorded

pytestmark = pytest.mark.django_db


def marked(payload: str) -> UpstreamCall:
    """Create a response with the payload in every text field. Return a call whose request can be rebuilt."""
    response = make_recorded(User.objects.create(username=payload), [(100, payload), (900, payload)])
    Response.objects.update(model=payload, error_detail=payload, error_code="model_failed")
    Thread.objects.update(title=payload, system_prompt=payload)
    Message.objects.update(content=payload, plain_text=payload, feedback_comment=payload)
    reply = Message.objects.get(position=1)
    messages.replace(response.owner_id, response.thread.public_id, reply.public_id, f"{payload}!")
    tools = f'[{{"function":{{"name":{_json(payload)}}}}}]'.encode()
    envelope = f'{{"model":{_json(payload)},"messages":null,"tools":null}}'.encode()
    PromptBlob.objects.bulk_create(
        PromptBlob(blobs.sha256_hex(text), text.decode()) for text in (tools, envelope)
    )
    named = {
        "own": 0,
        "images": False,
        "system": "",
        "context": None,
        "envelope": blobs.sha256_hex(envelope),
        "revised": {},
    }
    provenance = {**named, "leaf": reply.pk, "first": response.prompt_id}
    fields = {
        "model": payload,
        "upstream_model": payload,
        "parameters": {payload: payload},
        "provenance": provenance,
    }
    failed = {"outcome": "failed", "error_code": "model_failed"}
    causes = [{"kind": payload, "text": payload}]
    return make_call(
        response,
        2,
        0,
        1.0,
        None,
        2.0,
        causes=causes,
        tools_digest=blobs.sha256_hex(tools),
        **fields,
        **failed,
    )


def _json(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def pages(call: UpstreamCall) -> dict[str, str]:
    admin = client_of(User.objects.create_superuser("root"))
    return {
        "response": page(admin, "chat_response_change", call.response),
        "thread": page(admin, "chat_thread_change", call.thread),
        "prompt": page(admin, "chat_response_prompt", call.response, call.pk),
        "message": page(admin, "chat_message_change", Message.objects.get(position=1).pk),
        "call": page(admin, "chat_upstreamcall_change", call.pk),
    }


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markup_is_escaped_on_the_pages_of_the_trace(payload: str) -> None:
    for name, text in pages(marked(payload)).items():
        assert payload not in text, name
        assert escape(payload) in text, name


def test_the_pages_of_the_trace_comply_with_the_content_security_policy() -> None:
    for name, text in pages(marked("plain words")).items():
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text), name


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_log_is_served_as_json_and_never_as_html(payload: str) -> None:
    admin: Client = client_of(User.objects.create_superuser("root"))
    answer = admin.get(reverse("admin:chat_response_log", args=[marked(payload).response]))
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.json()["arrivals"][0][1] == payload
