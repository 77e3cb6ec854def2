"""The built React page: its HTML and assets. The plain page is served until a build exists.

`settings.page_build` names the folder of the complete build of the present sources; `up` makes it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from chat.conf import settings

# Placeholder in the built HTML for the nonce of one response.
NONCE = "__NONCE__"

# A year: the name of a file changes with its content.
IMMUTABLE = "public, max-age=31536000, immutable"

# File types of a build; no other file in its folder is served.
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_BUILD, _NAME = re.compile(r"[0-9a-f]{16}"), re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")


def html(nonce: str) -> str | None:
    """Return the page with `nonce` for its styles; None if there is no build."""
    page = Path(settings.page_build, "index.html")
    if not settings.page_build or not page.exists():
        return None
    return _template(page.resolve()).replace(
        NONCE, nonce
    )  # resolved: the link may point to another build later


@lru_cache(maxsize=2)
def _template(page: Path) -> str:
    return page.read_text()


@require_safe
def asset(request: HttpRequest, build: str, name: str) -> HttpResponse:
    """Return a script, style, font or picture of this build, or of an earlier one that an open tab still uses."""
    path = _path(build, name)
    if path is None or not path.is_file():
        raise Http404
    packed = path.with_name(f"{name}.gz")
    gzip = "gzip" in request.headers.get("Accept-Encoding", "") and packed.is_file()
    response = HttpResponse((packed if gzip else path).read_bytes(), content_type=TYPES[path.suffix])
    response["Cache-Control"] = IMMUTABLE
    response["Vary"] = "Accept-Encoding"
    if gzip:
        response["Content-Encoding"] = "gzip"
    return response


def _path(build: str, name: str) -> Path | None:
    known = _BUILD.fullmatch(build) and _NAME.fullmatch(name) and Path(name).suffix in TYPES
    return (
        Path(settings.page_build).parent / build / "assets" / name if settings.page_build and known else None
    )
