"""Sign-ins of users at MCP servers: begun on our page, finished when the server sends the user back."""

from __future__ import annotations

import logging
import secrets
from typing import Literal

from chat import db
from chat.accounts import login_attempts
from chat.accounts.identity import Caller
from chat.accounts.mcp_connections import store
from chat.accounts.mcp_connections.revocation import revoke
from chat.accounts.mcp_connections.servers import servers_of
from chat.accounts.mcp_connections.store import SignIn
from chat.exceptions import BadRequest, ConnectionFailed, NotFound, QuotaExceeded
from chat.schemas.queries import SignInAnswer
from chat.tools.mcp.oauth import load
from chat.tools.mcp.oauth.http import OAuthError, open_http
from chat.tools.mcp.oauth.records import Grant, PendingAuthorization
from chat.tools.mcp.spec import McpSpec

logger = logging.getLogger(__name__)

Outcome = Literal["connected", "denied", "failed", "expired"]

# Sign-ins that one user begins in a window of attempts: each costs several requests, and most a registration.
MAX_SIGN_INS = 20


async def begin(caller: Caller, server: str, redirect_uri: str) -> str:
    """Return the address at which the user signs in. Raises NotFound, BadRequest, QuotaExceeded, ConnectionFailed."""
    spec = (await db.run_async(servers_of, caller.user)).get(server)
    if spec is None:
        raise NotFound
    if caller.guest:
        raise BadRequest(
            "A guest connects no servers: the connection would outlive the guest's only session."
        )
    if not await db.run_async(login_attempts.record_attempt, {f"sign-ins of {caller.user}": MAX_SIGN_INS}):
        raise QuotaExceeded(
            "Too many attempts to connect. Try again later.",
            quota="sign_ins",
            retry_after=login_attempts.WINDOW.total_seconds(),
        )
    try:
        pending = await _pending(spec, redirect_uri)
    except OAuthError as problem:
        logger.warning("action=mcp_sign_in_failed server=%s reason=%s", server, problem)
        raise ConnectionFailed(str(problem)) from None
    return await _store(caller, server, pending)


async def _pending(spec: McpSpec, redirect_uri: str) -> PendingAuthorization:
    await load()
    from chat.tools.mcp.oauth import discovery, grants

    async with open_http(spec.url) as http:
        found = await discovery.discover(http, spec.scopes)
        if spec.client_id:
            client = grants.configured(found, spec.client_id, spec.client_secret)
        else:
            client = await grants.register(http, found, redirect_uri)
        return grants.begin(http, found, client, redirect_uri)


async def _store(caller: Caller, server: str, pending: PendingAuthorization) -> str:
    from chat.tools.mcp.oauth import grants

    state = secrets.token_urlsafe(32)
    digest = store.state_digest(caller.credentials.session or "", state)
    await db.atomic_async(store.begin, caller.user, server, digest, pending)
    return grants.authorization_url(pending, state)


async def finish(caller: Caller, answer: SignInAnswer) -> tuple[str, Outcome]:
    """Take the answer of a sign-in; return the server's name (empty where the sign-in is unknown) and the outcome."""
    digest = store.state_digest(caller.credentials.session or "", answer.state)
    sign_in = await db.atomic_async(store.take_sign_in, caller.user, digest)
    if sign_in is None:
        return "", "expired"
    spec = (await db.run_async(servers_of, caller.user)).get(sign_in.server)
    if spec is None or spec.url != sign_in.pending.url:
        # The operator has changed the server meanwhile, or the user's permission has ended.
        return sign_in.server, "expired"
    try:
        return sign_in.server, await _outcome(caller, sign_in, answer)
    except OAuthError as problem:
        logger.warning("action=mcp_sign_in_failed server=%s reason=%s", sign_in.server, problem)
        return sign_in.server, "failed"


async def _outcome(caller: Caller, sign_in: SignIn, answer: SignInAnswer) -> Outcome:
    await load()
    from chat.tools.mcp.oauth import grants

    # First of all: another server's error says nothing, either.
    grants.check_issuer(sign_in.pending, answer.iss)
    if answer.error == "access_denied":
        return "denied"
    if answer.error is not None or not answer.code:
        raise OAuthError("The sign-in service answered with an error.")
    async with open_http(sign_in.pending.url) as http:
        grant = await grants.exchange(http, sign_in.pending, answer.code)
    return await _connect(caller.user, sign_in, grant)


async def _connect(user: int, sign_in: SignIn, grant: Grant) -> Outcome:
    former = await db.atomic_async(store.connect, user, sign_in, grant)
    if former is None:
        await revoke([(sign_in.pending.url, grant)])
        return "expired"
    logger.info("action=mcp_connected server=%s user=%d", sign_in.server, user)
    await revoke(former)
    return "connected"


async def disconnect(user: int, server: str | None = None) -> None:
    """Forget a user's connection, or all of them, and revoke the tokens as far as the servers answer."""
    await revoke(await db.atomic_async(store.disconnect, user, server))
