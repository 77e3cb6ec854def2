"""The files that wait to be read: claimed with a lease, their passages stored, or the reason why there are none."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from chat.db import sql
from chat.files.extract.bounds import Code
from chat.files.extract.passages import PASSAGE_CHARACTERS
from chat.files.extraction import FileText
from chat.models import FilePassage

# Times that a file is begun; one that ends its reader each time is not begun for ever.
MAX_ATTEMPTS = 3
# Bytes of a passage's row beside its text.
ROW_BYTES = 128

GIVEN_UP = "Reading the file was interrupted several times. Send it again, or a smaller part of it."

# Users take turns: one who has sent a hundred slow files does not keep others waiting for all of them.
_CLAIM = """
UPDATE chat_attachment SET reading_until = now() + make_interval(secs => %s), attempts = attempts + 1
WHERE id = (
    SELECT a.id FROM chat_attachment a
    WHERE a.state = 'reading' AND (a.reading_until IS NULL OR a.reading_until < now())
    ORDER BY EXISTS (
        SELECT FROM chat_attachment o WHERE o.state = 'reading' AND o.owner_id = a.owner_id AND o.reading_until > now()
    ), a.id LIMIT 1 FOR UPDATE OF a SKIP LOCKED
) RETURNING id, content_type, data, attempts
"""
_FINISH = """
UPDATE chat_attachment SET state = %(state)s, detail = %(detail)s, detail_code = %(code)s, pages = %(pages)s,
    characters = %(characters)s, text_bytes = %(bytes)s, reading_until = NULL
WHERE id = %(key)s AND state = 'reading' AND attempts = %(attempt)s RETURNING id
"""
_STORE = """
INSERT INTO chat_filepassage (attachment_id, position, label, text, terms)
SELECT %s, p.position, p.label, p.text, p.terms::tsvector
FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[]) p(position, label, text, terms)
"""
_CLAIMED = """
FROM unnest(%(keys)s::bigint[], %(attempts)s::int[]) c(id, attempt)
WHERE a.id = c.id AND a.attempts = c.attempt AND a.state = 'reading'
"""
_RENEW = f"""
UPDATE chat_attachment a SET reading_until = now() + make_interval(secs => %(seconds)s) {_CLAIMED} RETURNING a.id
"""
_RELEASE = f"UPDATE chat_attachment a SET reading_until = NULL, attempts = a.attempts - 1 {_CLAIMED}"
# One that was refused for its content is refused again, so only the number of attempts counts.
_BEGIN_ANEW = """
UPDATE chat_attachment SET state = 'reading', detail = '', detail_code = '', attempts = 0
WHERE id = %s AND state = 'failed' AND attempts > %s
"""


# The key of a file, and the number of the attempt.
Claim = tuple[int, int]


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """A file that this process has claimed. `attempt` fences it off from a process that claims it later."""

    key: int
    content_type: str
    data: bytes
    attempt: int

    @property
    def claim(self) -> Claim:
        return self.key, self.attempt


def claim(seconds: float) -> UnreadFile | None:
    """Claim the oldest file that no process reads, of a user without a file being read if there is one; None without any."""
    found = sql.row(_CLAIM, [seconds])
    if found is None:
        return None
    key, content_type, data, attempt = found
    return UnreadFile(key, content_type, bytes(data), attempt)


def store(file: UnreadFile, text: FileText) -> None:
    """Store the passages of a file, unless it is deleted or another process has claimed it since."""
    characters = sum(len(one.text) for one in text.passages)
    size = sum(len(one.text.encode()) + ROW_BYTES for one in text.passages)
    if _finish(file, "ready", pages=text.pages, characters=characters, bytes=size):
        columns = [[one.label[:200], one.text, one.terms] for one in text.passages]
        labels, texts, terms = (list(column) for column in zip(*columns, strict=True))
        sql.rows(_STORE, [file.key, list(range(len(columns))), labels, texts, terms])


def fail(file: UnreadFile, detail: str, code: Code = "damaged") -> None:
    """Store why a file could not be read."""
    _finish(file, "failed", detail=detail[:255], code=code)


def _finish(file: UnreadFile, state: str, **columns: str | int | None) -> bool:
    values = {"detail": "", "code": "", "pages": None, "characters": 0, "bytes": 0, **columns}
    return bool(sql.rows(_FINISH, {**values, "state": state, "key": file.key, "attempt": file.attempt}))


def renew(claims: list[Claim], seconds: float) -> set[int]:
    """Renew the leases of files. Return the keys of those that are still claimed here."""
    return {key for (key,) in sql.rows(_RENEW, {**_columns(claims), "seconds": seconds})}


def release(claims: list[Claim]) -> None:
    """Let another process read these files, as if this one had not begun."""
    sql.rows(_RELEASE, _columns(claims))


def _columns(claims: list[Claim]) -> dict[str, list[int]]:
    return {"keys": [key for key, _ in claims], "attempts": [attempt for _, attempt in claims]}


def begin_anew(key: int) -> None:
    """Have a file read after all that was given up because its reading was interrupted too often."""
    sql.rows(_BEGIN_ANEW, [key, MAX_ATTEMPTS])


def unread(keys: list[int]) -> bool:
    """Return whether any of these files is still to be read."""
    return bool(
        sql.value(
            "SELECT EXISTS (SELECT FROM chat_attachment WHERE id = ANY(%s) AND state = 'reading')", [keys]
        )
    )


def passages(attachment: int) -> list[tuple[str, str]]:
    """Return labels and texts of a file, in order."""
    return list(_passages(attachment))


def beginning(attachment: int, characters: int) -> list[tuple[str, str]]:
    """Return labels and texts from a file's start, in order, of at least so many characters if it has them."""
    rows, found, size = _passages(attachment), list[tuple[str, str]](), characters // PASSAGE_CHARACTERS + 1
    while more := list(rows[len(found) : len(found) + size]):
        found += more
        characters -= sum(len(text) for _, text in more)
        if characters <= 0:
            break
        size *= 2  # a file of short pages takes many
    return found


def _passages(attachment: int) -> QuerySet[FilePassage, tuple[str, str]]:
    return FilePassage.objects.filter(attachment=attachment).order_by("position").values_list("label", "text")
