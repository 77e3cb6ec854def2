"""The artifacts of a thread as its tools read them: those that are stored, and those that this response has just written."""

from __future__ import annotations

from collections.abc import Callable

from chat import db
from chat.exceptions import NotFound
from chat.models import Artifact
from chat.text import ArtifactText, artifacts_of
from chat.threads import artifacts
from chat.tools import ArtifactUnknown, ArtifactVersion


async def find(
    thread: int, written: Callable[[], str], artifact_id: str = "", version: int | None = None
) -> ArtifactVersion:
    """Return a version of an artifact, by default the newest of all. Raise ArtifactUnknown.

    `written`: returns what tools have written in the running response, whose artifacts have no rows yet.
    """
    fresh = artifacts_of(written())
    name = artifact_id or (fresh[-1].name if fresh else "")
    stored = await db.atomic_async(_stored, thread, name, None)
    known = stored.version if stored else 0
    own = [one for one in fresh if name in (one.name, one.public_id)]
    wanted = known + len(own) if version is None else version
    if known < wanted <= known + len(own):
        return _fresh(own[wanted - known - 1], wanted)
    found = await db.atomic_async(_stored, thread, name, wanted) if stored else None
    if found is None:
        raise ArtifactUnknown("There is no such artifact in this chat, or no such version of it.")
    return found


async def newest(thread: int) -> list[ArtifactVersion]:
    """Return the stored artifacts at their newest versions, newest first, without their texts."""
    return [_view(row, "") for row in await db.run_async(artifacts.newest_of, thread)]


def _stored(thread: int, name: str, version: int | None) -> ArtifactVersion | None:
    try:
        if not name:
            stored = artifacts.newest_of(thread)
            name = stored[0].public_id if stored else ""
        shown = artifacts.in_thread(thread, name, version)
    except NotFound:
        return None
    return _view(shown.row, shown.content)


def _view(row: Artifact, body: str) -> ArtifactVersion:
    return ArtifactVersion(row.public_id, row.kind, row.title, row.version, body)


def _fresh(one: ArtifactText, version: int) -> ArtifactVersion:
    return ArtifactVersion(one.name, one.kind, one.title, version, one.body)
