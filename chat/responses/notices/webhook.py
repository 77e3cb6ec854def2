"""Calls of the operator's webhook, signed as Standard Webhooks describes it. Redirects are not followed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time

import httpx2
import msgspec

from chat.conf import settings
from chat.llm.http.request_head import proxy_of, trusted_certificates
from chat.models import Notice, NoticeState
from chat.responses.notices.links import link_of

# Seconds for the connection, after which nothing was sent, and for the whole call.
CONNECT_SECONDS = 5.0
CALL_SECONDS = 10.0
# Answers by which the receiver says that it did not take the call, and may later. Other 5xx do not say that: a receiver
# may have failed after it took the call, or a proxy may have lost its answer.
TRY_AGAIN = {408, 425, 429, 503}

# Nothing has been sent.
_NOT_CONNECTED = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)


class WebhookSender:
    """Sends notices to CHAT_WEBHOOK_URL."""

    def __init__(self) -> None:
        self._client = httpx2.AsyncClient(
            verify=trusted_certificates(),
            trust_env=False,
            proxy=proxy_of(httpx2.URL(settings.webhook_url)),
            timeout=httpx2.Timeout(CALL_SECONDS, connect=CONNECT_SECONDS),
            # One that was closed meanwhile would leave it open whether a call arrived.
            limits=httpx2.Limits(max_keepalive_connections=0),
            follow_redirects=False,
        )

    async def send(self, notice: Notice) -> NoticeState:
        """Make a call, and return what became of it; the body of the answer is not read."""
        body = payload(notice)
        headers = signed(notice.request.public_id, int(time.time()), body)
        try:
            async with (
                asyncio.timeout(CALL_SECONDS),
                self._client.stream("POST", settings.webhook_url, content=body, headers=headers) as answer,
            ):
                return _state(answer.status_code)
        except _NOT_CONNECTED:
            return NoticeState.PENDING
        except (httpx2.TransportError, TimeoutError):
            return NoticeState.UNKNOWN
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return NoticeState.FAILED

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def payload(notice: Notice) -> bytes:
    """Return the body of a call: names and a link, and nothing of what is asked."""
    request = notice.request
    response = request.response
    return msgspec.json.encode(
        {
            "type": "request.created",
            "timestamp": request.created_at,
            "data": {
                "requestId": request.public_id,
                "responseId": response.public_id,
                "threadId": response.thread.public_id,
                "username": response.owner.username,
                "kind": request.kind,
                "tool": request.tool,
                "by": "staff" if request.by_staff else "owner",
                "deadline": request.deadline,
                "url": link_of(request),
            },
        }
    )


def signed(message: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers of a call. The id is the same in every attempt, so that receivers recognise one."""
    key = base64.b64decode(settings.webhook_secret.removeprefix("whsec_"))
    content = f"{message}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return {
        "content-type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }


def _state(status: int) -> NoticeState:
    if 200 <= status < 300:
        return NoticeState.SENT
    if status in TRY_AGAIN:
        return NoticeState.PENDING
    return NoticeState.UNKNOWN if status >= 500 else NoticeState.FAILED
