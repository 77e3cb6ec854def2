"""C1's exports of artifacts as PDF and PowerPoint files: passed through with the server's own key."""

from __future__ import annotations

import asyncio

import httpx2

from chat.conf import settings
from chat.exceptions import ModelFailed, ModelTimeout, NotFound, Unavailable
from chat.llm.http.request_head import ProxiedTransport, trusted_certificates
from chat.process import process

TYPES = {
    "pdf": "application/pdf",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
# Bytes of a file: slides with pictures have some MB. They are in memory as a whole.
FILE_BYTES = 32 * 1024 * 1024
# Exports at once in a process, for the memory of their files.
AT_ONCE = 4
# Seconds for one file, which C1 draws page by page.
SECONDS = 90.0


class RunningExports:
    """The number of exports that run in this process."""

    def __init__(self) -> None:
        self.count = 0


async def export(kind: str, params: str) -> bytes:
    """Return the file that C1 makes of the parameters of its own client. Raise NotFound without a key, or ModelError."""
    if not settings.thesys_api_key:
        raise NotFound("Files of artifacts are made by C1, for which this server has no key.")
    running = process.part(RunningExports)
    if running.count >= AT_ONCE:
        raise Unavailable("Too many files are being made. Try again in a moment.")
    running.count += 1
    try:
        async with asyncio.timeout(SECONDS):
            return await _fetch(f"{settings.artifact_base_url}{kind}/export", params)
    except TimeoutError:
        raise ModelTimeout(f"The file was not ready within {SECONDS:g} s.") from None
    except (httpx2.HTTPError, httpx2.StreamError, OSError):
        raise Unavailable("The server that makes files of artifacts could not be reached.") from None
    finally:
        running.count -= 1


async def _fetch(url: str, params: str) -> bytes:
    # In a thread: reading them would hold up the event loop.
    certificates = await asyncio.to_thread(trusted_certificates)
    # Decoded content has no bound while it is read.
    head = {"Authorization": f"Bearer {settings.thesys_api_key}", "Accept-Encoding": "identity"}
    async with (
        httpx2.AsyncClient(transport=ProxiedTransport(certificates), timeout=SECONDS) as client,
        client.stream("POST", url, headers=head, json={"exportParams": params}) as response,
    ):
        if response.status_code == 429 or response.status_code >= 500:
            raise Unavailable("The server that makes files of artifacts is overloaded. Try again.")
        if response.status_code != 200:
            raise ModelFailed("The file could not be made of this artifact.")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > FILE_BYTES:
                raise ModelFailed("The file is too large.")
    return bytes(body)
