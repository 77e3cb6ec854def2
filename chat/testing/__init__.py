"""Fakes that are shipped with the product and used by its tests; nothing here needs Django.

script        what a model does in one answer: steps, gates, ready-made answers
model_server  an OpenAI-compatible server on real sockets that plays scripts and notes what it was sent
faults        every way in which a model is known to misbehave, by name, with what must become of it
"""

from chat.testing.faults import FAULTS, TOOL_FAULTS, Fault
from chat.testing.model_server import Received, ScriptedModel
from chat.testing.script import Call, Gate, Script, answer, refusal, tool_round

__all__ = [
    "FAULTS",
    "TOOL_FAULTS",
    "Call",
    "Fault",
    "Gate",
    "Received",
    "Script",
    "ScriptedModel",
    "answer",
    "refusal",
    "tool_round",
]
