"""Uploads, by the kind of their content: pictures, and files whose text is read in the background."""

from __future__ import annotations

from dataclasses import dataclass

from chat.conf import settings
from chat.exceptions import TooLarge, UnsupportedMediaType
from chat.files import storage
from chat.files.kinds import FileKind, recognise, safe_name
from chat.models import Attachment, User
from chat.schemas.pictures import Picture, read_picture
from chat.threads import attachments

_UNDECLARED = ("", "application/octet-stream")


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture, or (with its `kind`) another file, and its safe name."""

    name: str
    data: bytes
    content_type: str
    kind: FileKind | None


def read_upload(data: bytes, name: str, declared: str) -> Upload:
    """Return what was uploaded. Raise TooLarge, or UnsupportedMediaType for no known or allowed kind."""
    if len(data) > settings.attachment_bytes:
        limit = settings.attachment_bytes
        raise TooLarge(f"A picture or file may have {limit} bytes.", limit=limit)
    # Browsers declare a type by the file's name, so only the bytes tell the kind.
    if declared.startswith("image/") or declared in _UNDECLARED:
        picture = read_picture(data, strip=settings.strip_metadata)
        if picture is not None:
            return Upload(safe_name(name, None) if name else "", picture.data, picture.content_type, None)
    if declared.startswith("image/"):
        raise UnsupportedMediaType(
            "Send a PNG, JPEG, WebP or GIF picture as it is, with a type of `image/…`."
        )
    kind = recognise(data, name, declared)
    if kind.name not in settings.file_kinds:
        raise UnsupportedMediaType(f"Files of the kind {kind.name} are not taken on this server.")
    return Upload(safe_name(name, kind), data, kind.content_type, kind)


def store(owner: int, upload: Upload) -> Attachment:
    """Store an upload. Raise QuotaExceeded."""
    if upload.kind is None:
        return attachments.create(owner, Picture(upload.content_type, upload.data), upload.name)
    return attachments.create_file(owner, upload.kind, upload.data, upload.name)


def store_once(owner: int, upload: Upload) -> Attachment:
    """Store an upload, or return the owner's attachment of the same bytes. Raise QuotaExceeded.

    A file whose reading was interrupted too often is read anew.
    """
    # Locked first: of two requests with one new file the second finds the first one's.
    User.objects.select_for_update(no_key=True).only("pk").get(pk=owner)
    same = Attachment.objects.owned_by(owner).filter(size=len(upload.data), data=upload.data)
    found = same.defer("data").order_by("pk").first()
    if found is None:
        return store(owner, upload)
    storage.begin_anew(found.pk)
    return found
