"""Every fault of a model in every dialect: the outcome of the catalogue, told by the last event, live and replayed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chat.testing import FAULTS, TOOL_FAULTS, ScriptedModel
from tests.contract.test_model_faults import CAP, QUICK, SLOW, inject
from tests.dialects.dialect import Dialect, merged
from tests.live.client import Client, new_id


def ended(dialect: Dialect, client: Client) -> tuple[bytes, str]:
    """Send a prompt and return the text of its run and its outcome, the same when it is replayed."""
    ids = {"thread": new_id("t"), "run": new_id("r")}
    live, replayed = dialect.send(client, **ids), dialect.resume
    events = live.to_end()
    dialect.assert_grammar(live.events)
    assert merged(dialect, replayed(client, ids["run"], -1).to_end()) == merged(dialect, events)
    return live.received.text, dialect.outcome(live.events[-1])


@pytest.mark.parametrize("name", QUICK)
def test_a_fault_has_its_outcome(model: ScriptedModel, alice: Client, dialect: Dialect, name: str) -> None:
    fault = FAULTS[name]
    with inject(model, fault):
        assert ended(dialect, alice) == (fault.text.encode(), fault.code or fault.status)


@pytest.mark.parametrize("name", SLOW)
def test_a_deadline_or_the_cap_has_its_outcome(
    model: ScriptedModel, limited: Callable[[str], Client], dialect: Dialect, name: str
) -> None:
    fault = FAULTS[name]
    model.default(fault.behaviour)
    text, outcome = ended(dialect, limited(name))
    assert outcome == (fault.code or fault.status)
    assert text.startswith(fault.text.encode())
    assert len(text) == CAP or fault.finish != "length"


@pytest.mark.parametrize("name", TOOL_FAULTS)
def test_a_fault_of_tool_calls_is_survived(
    model: ScriptedModel, alice: Client, dialect: Dialect, name: str
) -> None:
    model.default(TOOL_FAULTS[name].behaviour)
    assert ended(dialect, alice) == (b"Hello", "done")
