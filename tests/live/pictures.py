"""Small pictures of every accepted kind."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from tests.live.client import Client

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
WEBP = base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\x00" * 64 + b"\xff\xd9"

PICTURES = {"image/png": PNG, "image/jpeg": JPEG, "image/webp": WEBP, "image/gif": GIF}


def upload(
    client: Client, data: bytes = PNG, kind: str = "image/png", token: Mapping[str, str] = {}
) -> dict[str, Any]:
    """Upload an attachment and return the response. `token`: the header that a client with cookies needs."""
    answer = client.http.post("/api/attachments", content=data, headers={"Content-Type": kind, **token})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def part(attachment: dict[str, Any]) -> dict[str, Any]:
    """Return the content part that shows an attachment."""
    return {"type": "image_url", "image_url": {"url": attachment["url"]}}
