"""A user's own instructions, and the tokens of their programs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chat import db, schemas
from chat.accounts import preferences
from chat.api.base import authenticate, authenticate_by_session, json_response, parse_body, read_body
from chat.api.encoders import export
from chat.api.encoders.account_shapes import Instructions, NewToken, TokenList
from chat.api.operations import EMPTY, describe, whole
from chat.exceptions import BadRequest, NotFound
from chat.schemas.threads import InstructionsBody, TokenBody


@describe(whole(Instructions))
async def show(request: HttpRequest) -> HttpResponseBase:
    """Show the user's instructions for new chats."""
    caller = await authenticate(request)
    return json_response({"instructions": await db.atomic_async(preferences.instructions, caller.user)})


@describe(whole(Instructions), body=InstructionsBody)
async def change(request: HttpRequest) -> HttpResponseBase:
    """Set the user's instructions for new chats."""
    caller = await authenticate(request)
    wanted = await parse_body(schemas.parse_instructions, read_body(request))
    await db.atomic_async(preferences.set_instructions, caller.user, wanted)
    return json_response({"instructions": wanted})


@describe(whole(TokenList), raises=(NotFound,))
async def list_tokens(request: HttpRequest) -> HttpResponseBase:
    """List the tokens of the user's programs; unknown to a bearer token."""
    caller = await authenticate_by_session(request)
    rows = await db.atomic_async(preferences.tokens, caller.user)
    shown = [{"id": row.public_id, **export.token(row)} for row in rows]
    return json_response({"tokens": shown})


@describe(whole(NewToken, 201), body=TokenBody, raises=(NotFound,))
async def make_token(request: HttpRequest) -> HttpResponseBase:
    """Make a token; unknown to a bearer token, refused to a guest."""
    caller = await authenticate_by_session(request)
    wanted = await parse_body(schemas.parse_token, read_body(request))
    if caller.guest:
        raise BadRequest("A guest has no tokens: they would outlive the guest's only session.")
    made = await db.atomic_async(
        preferences.make_token, caller.user, wanted.name, wanted.scopes, wanted.expires_at
    )
    return json_response({"token": made}, 201)


@describe(EMPTY)
async def revoke_token(request: HttpRequest, token_id: str) -> HttpResponseBase:
    """Revoke a token."""
    caller = await authenticate_by_session(request)
    await db.atomic_async(preferences.revoke_token, caller.user, token_id)
    return HttpResponse(status=204)
