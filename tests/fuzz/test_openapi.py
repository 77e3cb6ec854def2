"""Requests made from the OpenAPI document: no 5xx, and documented statuses, types of content and contents alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chat.testing import ScriptedModel
from chat.urls import openapi_document
from tests.live.client import SECONDS, Client

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# Requests for each operation: of the form that is documented, and of another.
EXAMPLES, LONG_EXAMPLES = 2, 60
# Values of names in paths under which something is found.
KNOWN = {"threadId": "t", "responseId": "r", "messageId": "r", "agent": "default"}
# Fields of bodies that name what no test has made.
NAMING = ("model", "effort", "parentId", "previous_response_id", "conversation")


def operations() -> Iterator[APIOperation[Any, Any, Any, Any]]:
    schema = schemathesis.openapi.from_dict(openapi_document())
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        yield found.ok()


OPERATIONS = {operation.label: operation for operation in operations()}


def modes_of(operation: Any) -> list[GenerationMode]:
    """Return the forms of requests: that of the document, and others where there is something to get wrong."""
    can_differ = operation.body or operation.query or operation.path_parameters
    return [GenerationMode.POSITIVE, GenerationMode.NEGATIVE] if can_differ else [GenerationMode.POSITIVE]


def point_at_known(case: Case[Any]) -> None:
    """Make a request one for what exists."""
    case.path_parameters |= {name: KNOWN[name] for name in case.path_parameters.keys() & KNOWN.keys()}
    if isinstance(case.body, dict):
        case.body = {name: value for name, value in case.body.items() if name not in NAMING}


def check(client: Client, operation: Any, mode: GenerationMode, examples: int, *, derandomize: bool) -> None:
    """Send drawn requests of one operation. Raise the first fault, with the shortest request that has it."""

    @settings(
        max_examples=examples,
        derandomize=derandomize,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
    def send(case: Case[Any], known: bool) -> None:
        if known:
            point_at_known(case)
        case.call_and_validate(
            base_url=client.server.url, headers=client.headers, checks=CHECKS, timeout=SECONDS
        )

    # Earlier requests may have deleted it.
    client.chat("Hello", thread="t", response="r", prompt="p")
    send()


def faults(client: Client, examples: int, *, derandomize: bool) -> list[str]:
    found = []
    for label, operation in OPERATIONS.items():
        for mode in modes_of(operation):
            try:
                check(client, operation, mode, examples, derandomize=derandomize)
            except (Exception, FailureGroup) as fault:
                found.append(f"{label}, {mode.value}: {fault}")
    return found


def test_requests_made_from_the_document_have_documented_answers(model: ScriptedModel, alice: Client) -> None:
    assert faults(alice, EXAMPLES, derandomize=True) == []


@pytest.mark.long
def test_many_requests_made_from_the_document_have_documented_answers(
    model: ScriptedModel, alice: Client
) -> None:
    assert faults(alice, LONG_EXAMPLES, derandomize=False) == []
