"""Documents beside the chat, made and edited by C1's artifact model: its stream goes into the answer.

The pattern is C1's: the model of the chat calls a tool, the tool calls `/artifact/chat/completions` with the artifact's id and
kind in `metadata.thesys`, and what comes back stands in the answer as `<artifact>`.
"""

from __future__ import annotations

import json
import secrets
from typing import Any, Literal

from chat.llm.config import ARTIFACT
from chat.text import artifact_tags, escape
from chat.text.envelope import CUT_MARK
from chat.tools.context import ArtifactVersion, ToolContext
from chat.tools.registry import tool

# Of one call: a deck of slides takes some minutes.
SECONDS = 240
# Random bytes of an id, which is unique for its owner.
ID_BYTES = 8
# Characters at the start of the stream that show its form: C1 begins with a tag, other models with text.
HEAD_CHARACTERS = 40
_STARTS = ("<artifact", "<content")
_END = "</artifact>"

Kind = Literal["report", "slides"]


@tool(alone=True, seconds=SECONDS)
async def create_artifact(kind: Kind, instructions: str, context: ToolContext) -> str:
    """Create a document that the user sees beside the chat: a report, or slides for a presentation.

    Use it for long content that stands on its own and will be edited. The user sees the document: do not repeat it.

    Args:
        kind: report, or slides
        instructions: all that the document shall say, with the figures and facts of this chat; its writer knows nothing else
    """
    new = ArtifactVersion(f"art_{secrets.token_hex(ID_BYTES)}", kind, "", 1, "")
    await _write(context, new, [{"role": "user", "content": instructions}], is_edit=False)
    return _result("created", new)


@tool(alone=True, seconds=SECONDS)
async def edit_artifact(
    instructions: str, context: ToolContext, artifact_id: str = "", version: int = 0
) -> str:
    """Edit a document that create_artifact made; the result is a new version, which the user sees beside the chat.

    Args:
        instructions: what to change
        artifact_id: the document's id; empty for the newest of this chat
        version: the version to start from; 0 for the newest
    """
    old = await context.artifact(artifact_id, version or None)
    last = old if not version else await context.artifact(old.artifact_id, None)
    start, end = artifact_tags(old.artifact_id, old.kind, str(old.version))
    asked = [
        {"role": "assistant", "content": f"{start}{old.body}{end}"},
        {"role": "user", "content": instructions},
    ]
    new = ArtifactVersion(old.artifact_id, old.kind, "", last.version + 1, "")
    await _write(context, new, asked, is_edit=True)
    return _result("edited", new)


def _result(done: str, made: ArtifactVersion) -> str:
    return f"The document was {done} and is shown. artifact_id: {made.artifact_id}, version: {made.version}"


async def _write(
    context: ToolContext, made: ArtifactVersion, messages: list[dict[str, Any]], *, is_edit: bool
) -> None:
    context.think("Editing the document" if is_edit else "Writing the document", "")
    # A string, as C1 wants it: OpenAI's metadata holds nothing else.
    thesys = json.dumps({"id": made.artifact_id, "c1_artifact_type": made.kind, "is_edit": is_edit})
    passing = _Passing(context, made)
    try:
        await context.model(messages, ARTIFACT, metadata={"thesys": thesys}, on_text=passing.take)
        await passing.finish()
    except BaseException:
        # Whatever it was, the tool's deadline among it: what follows in the answer must not stand in the document.
        await passing.finish(cut=True)
        raise


class _Passing:
    """Passes a model's stream on as an artifact: with its own tags, or in tags of ours where it has none."""

    def __init__(self, context: ToolContext, made: ArtifactVersion) -> None:
        self._write = context.write
        self._start, _ = artifact_tags(made.artifact_id, made.kind, str(made.version))
        self._head: str | None = ""
        self._in_ours = self._escapes = False
        self._tail = ""

    async def take(self, piece: str) -> None:
        if self._head is None:
            await self._pass_on(piece)
            return
        self._head += piece
        if len(self._head.lstrip()) >= HEAD_CHARACTERS:
            await self._begin()

    async def _begin(self) -> None:
        head, self._head = (self._head or "").lstrip(), None
        enveloped = head.startswith(_STARTS)
        # A stream may bring its artifact in an envelope.
        self._in_ours = "<artifact" not in head
        self._escapes = not enveloped
        if self._in_ours:
            await self._write(self._start)
        await self._pass_on(head)

    async def _pass_on(self, piece: str) -> None:
        self._tail = (self._tail + piece)[-len(_END) - HEAD_CHARACTERS :]
        await self._write(escape(piece) if self._escapes else piece)

    async def finish(self, *, cut: bool = False) -> None:
        """End the artifact, unless the stream has; `cut`: its end is missing."""
        if self._head is not None:
            if not self._head.strip():
                return
            await self._begin()
        if self._in_ours or _END not in self._tail:
            await self._write(f"{CUT_MARK if cut or not self._in_ours else ''}{_END}")
