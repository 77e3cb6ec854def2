"""Upload of pictures, and their download by the owner alone."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chat import db
from chat.api.base import authenticate, json_response
from chat.api.encoders import serializers
from chat.conf import settings
from chat.exceptions import TooLarge, UnsupportedMediaType
from chat.schemas.pictures import Picture, read_picture
from chat.threads import attachments

# A picture opened as a page can do nothing.
POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
# An hour: a picture never changes, but no cache may keep it long after its account is deleted.
CACHE = "private, max-age=3600"


async def create(request: HttpRequest) -> HttpResponseBase:
    caller = await authenticate(request)
    row = await db.atomic_async(attachments.create, caller.user, _picture(request))
    return json_response(serializers.attachment(row), 201)


def _picture(request: HttpRequest) -> Picture:
    """Return the picture in the body. Raises TooLarge and UnsupportedMediaType."""
    if len(request.body) > settings.attachment_bytes:
        raise TooLarge(
            f"A picture may have {settings.attachment_bytes} bytes.", limit=settings.attachment_bytes
        )
    # Browsers declare a type by the file's name, so only the bytes tell the picture's own.
    declared = request.content_type or ""
    if declared.startswith("image/") or declared == "application/octet-stream":
        picture = read_picture(request.body, strip=settings.strip_metadata)
        if picture is not None:
            return picture
    raise UnsupportedMediaType("Send a PNG, JPEG, WebP or GIF picture as it is, with a type of `image/…`.")


async def show(request: HttpRequest, attachment_id: str) -> HttpResponseBase:
    caller = await authenticate(request)
    row = await db.atomic_async(attachments.find, caller.user, attachment_id)
    response = HttpResponse(bytes(row.data), content_type=row.content_type)
    kind = row.content_type.removeprefix("image/")
    response["Content-Disposition"] = f'inline; filename="picture.{kind}"'
    response["Content-Security-Policy"] = POLICY
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = CACHE
    response["Vary"] = "Cookie, Authorization"
    return response
