"""The artifacts of a message, with what changed since the version before."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from itertools import islice

from django.utils.translation import gettext

from chat.models import Artifact
from chat.text import artifact_content, artifact_markdown
from chat.threads.artifacts import text_of

# Lines of changes on the page; those between two versions of a long report have fewer.
CHANGED_LINES = 1_000
# Lines of a version that are compared: the comparison takes a second on more.
COMPARED_LINES = 5_000


@dataclass(frozen=True, slots=True)
class ArtifactEntry:
    """A version of an artifact. `changes`: a diff since the version before, empty where there is no such version."""

    row: Artifact
    text: str
    changes: str


def artifacts_in(message: int) -> list[ArtifactEntry]:
    """Return the artifacts of a message, in their order."""
    rows = Artifact.objects.filter(message=message).select_related("message").order_by("place")
    return [ArtifactEntry(row, artifact_content(text_of(row)), _changes(row)) for row in rows]


def _changes(row: Artifact) -> str:
    same = Artifact.objects.filter(owner=row.owner_id, public_id=row.public_id)
    before = same.filter(version=row.version - 1).select_related("message").first()
    if before is None:
        return ""
    old, new = (artifact_markdown(text_of(one)).split("\n")[:COMPARED_LINES] for one in (before, row))
    names = [gettext("version %(number)s") % {"number": one.version} for one in (before, row)]
    return "\n".join(islice(difflib.unified_diff(old, new, names[0], names[1], lineterm=""), CHANGED_LINES))
