"""Connections of a user to MCP servers with OAuth."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chat import db
from chat.accounts.mcp_connections import sign_in, store
from chat.accounts.mcp_connections.servers import servers_of
from chat.api.base import authenticate_by_session, json_response
from chat.api.encoders import serializers
from chat.api.encoders.account_shapes import AuthorizationAddress, ConnectionList
from chat.api.operations import EMPTY, Answer, describe, whole
from chat.exceptions import ChatError, ConnectionFailed, NotFound, QuotaExceeded, Unauthenticated
from chat.schemas.queries import SignInAnswer
from chat.schemas.validation import parse_query

# Where servers send users back; a client that an operator registered has this address.
CALLBACK_PATH = "api/oauth/callback"


@describe(whole(ConnectionList), raises=(NotFound,))
async def list_connections(request: HttpRequest) -> HttpResponseBase:
    """List the MCP servers that the user may connect, and others still connected; unknown to a bearer token."""
    caller = await authenticate_by_session(request)
    servers = await db.run_async(servers_of, caller.user)
    rows = {row.server: row for row in await db.run_async(store.connections, caller.user)}
    left = [name for name, row in rows.items() if name not in servers and row.state == "connected"]
    shown = [serializers.connection(name, rows.get(name)) for name in (*servers, *left)]
    return json_response({"connections": shown})


@describe(whole(AuthorizationAddress), raises=(QuotaExceeded, ConnectionFailed))
async def connect(request: HttpRequest, server: str) -> HttpResponseBase:
    """Begin to connect an MCP server; the browser has to open the address in the answer."""
    caller = await authenticate_by_session(request)
    redirect_uri = request.build_absolute_uri(f"/{CALLBACK_PATH}")
    return json_response({"authorizationUrl": await sign_in.begin(caller, server, redirect_uri)})


@describe(EMPTY)
async def disconnect(request: HttpRequest, server: str) -> HttpResponseBase:
    """Disconnect an MCP server: forget its tokens, and revoke them as far as it answers."""
    caller = await authenticate_by_session(request)
    await sign_in.disconnect(caller.user, server)
    return HttpResponse(status=204)


@describe(Answer(303, headers=("Location",)), query=SignInAnswer, access="anyone")
async def callback(request: HttpRequest) -> HttpResponseBase:
    """Take the answer of an authorization server, and go back to the page with the outcome."""
    answer = parse_query(request.GET, SignInAnswer)
    server, outcome = await _finish(request, answer)
    query = urlencode({"connection": server, "outcome": outcome})
    return HttpResponse(status=303, headers={"Location": f"/?{query}", "Cache-Control": "no-store"})


async def _finish(request: HttpRequest, answer: SignInAnswer) -> tuple[str, sign_in.Outcome]:
    """Finish a sign-in. An error has no page of its own: the user reads of it on ours."""
    try:
        return await sign_in.finish(await authenticate_by_session(request), answer)
    except (Unauthenticated, NotFound):
        return "", "expired"
    except ChatError:
        return "", "failed"
