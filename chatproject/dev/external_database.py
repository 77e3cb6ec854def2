"""The user's own database, as opposed to the embedded one: checked before anything starts."""

from __future__ import annotations

from collections.abc import Mapping


def check(environ: Mapping[str, str]) -> None:
    """Connect once to the database of DATABASE_URL. Raise SystemExit with one line where that fails."""
    # Not at the top: the driver takes a tenth of a second, and the embedded database does without.
    from chatproject import database_url

    try:
        parameters = database_url.parse(environ["DATABASE_URL"].strip())
    except ValueError as mistake:
        raise SystemExit(f"DATABASE_URL {mistake}.") from None
    if error := database_url.connection_error(parameters):
        raise SystemExit(f"The database of DATABASE_URL cannot be used: {error}.")
