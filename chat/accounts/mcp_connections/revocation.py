"""Revocation of tokens at their servers, as far as these answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from chat.tools.mcp.oauth import load
from chat.tools.mcp.oauth.http import OAuthError, open_http
from chat.tools.mcp.oauth.records import Grant

logger = logging.getLogger(__name__)

# For all tokens of a user: a person waits.
REVOKE_SECONDS = 5.0


async def revoke(grants: Sequence[tuple[str, Grant]]) -> None:
    """Revoke tokens, each at the address of its MCP server. Raises nothing but CancelledError: they are forgotten here."""
    if not grants:
        return
    await load()
    try:
        async with asyncio.timeout(REVOKE_SECONDS):
            await asyncio.gather(*(_revoke(url, grant) for url, grant in grants))
    except TimeoutError:
        logger.info("action=mcp_revocation_failed reason=timeout")


async def _revoke(url: str, grant: Grant) -> None:
    from chat.tools.mcp.oauth import grants

    try:
        async with open_http(url) as http:
            await grants.revoke(http, grant)
    except OAuthError as problem:
        logger.info("action=mcp_revocation_failed reason=%s", problem)
