"""Documents of OAuth that servers give, read without the fields that are odd and not needed."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from chat.tools.mcp.oauth.http import OAuthError

M = TypeVar("M", bound=BaseModel)

# Never left out: without it a token of another type would count as one that this program can use.
NEEDED = {"token_type"}


def parsed(kind: type[M], body: bytes, problem: str) -> M:
    """Return a document, with defaults for odd fields. Raise OAuthError with the problem where one is odd that is needed.

    The package refuses a whole document for one of them, such as `expires_in` of 3599.5 or an address of terms that is empty.
    """
    try:
        fields = from_json(body)
        if not isinstance(fields, dict):
            raise OAuthError(problem)
        return kind.model_validate({name: fields[name] for name in fields.keys() - _odd(kind, fields)})
    except ValueError:
        raise OAuthError(problem) from None


def _odd(kind: type[M], fields: dict[str, object]) -> set[str]:
    try:
        kind.model_validate(fields)
    except ValidationError as problem:
        found = problem.errors(include_url=False, include_context=False, include_input=False)
        return {str(error["loc"][0]) for error in found if error["loc"]} - NEEDED
    return set()
