"""Fakes that are shipped with the product and used by its tests; no module here needs Django.

frames            the JSON shapes of OpenAI's answers
script            one answer of a model: steps, gates, ready-made answers
lines             a script as a stream of events or as one document
model_server      an OpenAI-compatible server that plays the script of each request; the demo model runs on it, too
embeddings        vectors in which words of one meaning are near
scripted_model    that server in a thread, with queued scripts and the requests that came
strict_checks     the checks of providers that are strict about a history
strict_providers  fakes of those providers, by the name of the model
faults            every known misbehaviour of a model, by name, with the outcome that it must have
"""

from chat.testing.faults import FAULTS, TOOL_FAULTS, Fault
from chat.testing.model_server import Received
from chat.testing.script import Call, Gate, Script, answer, refusal, tool_round
from chat.testing.scripted_model import ScriptedModel

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
