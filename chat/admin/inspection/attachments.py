"""The pictures and files of a message, with the text that models get of the files."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from chat.models import Attachment, FilePassage

# Passages of each file on the page, some 100 pages of a document.
PASSAGES = 100


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """A picture or file. `cut`: there is more text than `passages`."""

    row: Attachment
    passages: list[FilePassage]
    cut: bool


def attachments_of(message: int) -> list[AttachmentView]:
    """Return what a message shows, deleted files under a legal hold included."""
    rows = list(Attachment.objects.filter(uses__message=message).order_by("pk").defer("data"))
    found: dict[int, list[FilePassage]] = defaultdict(list)
    passages = FilePassage.objects.filter(attachment__in=rows, position__lte=PASSAGES)
    for passage in passages.order_by("position").defer("terms"):
        found[passage.attachment_id].append(passage)
    return [AttachmentView(row, found[row.pk][:PASSAGES], len(found[row.pk]) > PASSAGES) for row in rows]
