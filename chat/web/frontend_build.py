"""The built React page: its HTML and assets. The plain page is served until a build exists.

`settings.page_build` names the folder of the complete build of the present sources; `up` makes it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from chat.conf import settings

# Placeholder in the built HTML for the nonce of one response.
NONCE = "__NONCE__"

# Random bytes in the nonce of a page's styles, as CSP asks for.
NONCE_BYTES = 16

# A year: the name of a file changes with its content.
IMMUTABLE = "public, max-age=31536000, immutable"

# Mermaid writes styles into its pictures. The sandbox gives the frame an origin without cookies.
FRAME_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self'"
)

# The page of a build that draws one answer. Its components write styles; it fetches nothing but parts of the build.
ANSWER = "answer.html"
ANSWER_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

# File types of a build; no other file in its folder is served.
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_BUILD, _NAME = re.compile(r"[0-9a-f]{16}"), re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")


@dataclass(frozen=True, slots=True)
class Entry:
    """A script of the build for a page that the server renders, with the styles that it needs from the start."""

    script: str
    styles: tuple[str, ...]


class _Chunk(msgspec.Struct):
    file: str
    css: list[str] = msgspec.field(default_factory=list)
    imports: list[str] = msgspec.field(default_factory=list)


def new_nonce() -> str:
    return secrets.token_urlsafe(NONCE_BYTES)


def entry(source: str) -> Entry | None:
    """Return the built script of a source; None if there is no build."""
    manifest = Path(settings.page_build, "manifest.json")
    if not settings.page_build or not manifest.exists():
        return None
    return _entry(manifest.resolve(), source)


@lru_cache(maxsize=2)
def _entry(manifest: Path, source: str) -> Entry | None:
    chunks = msgspec.json.decode(manifest.read_bytes(), type=dict[str, _Chunk])
    if source not in chunks:
        return None
    base = f"/page/{manifest.parent.name}/"
    needed = [source, *_imports(chunks, source, set())]
    styles = dict.fromkeys(base + css for name in reversed(needed) for css in chunks[name].css)
    return Entry(base + chunks[source].file, tuple(styles))


def _imports(chunks: dict[str, _Chunk], source: str, seen: set[str]) -> Iterator[str]:
    for name in chunks[source].imports:
        if name not in seen:
            seen.add(name)
            yield name
            yield from _imports(chunks, name, seen)


def html(nonce: str, name: str = "index.html") -> str | None:
    """Return a page of the build with `nonce` for its styles; None if there is no build."""
    page = Path(settings.page_build, name)
    if not settings.page_build or not page.exists():
        return None
    return _template(page.resolve()).replace(
        NONCE, nonce
    )  # resolved: the link may point to another build later


@lru_cache(maxsize=4)
def _template(page: Path) -> str:
    return page.read_text()


@xframe_options_exempt
@require_safe
def diagram_frame(request: HttpRequest, build: str) -> HttpResponse:
    """Return the frame that draws the diagrams of models: sandboxed, and closed to everything but its own scripts."""
    return _frame(build, "diagram.html", FRAME_POLICY)


@xframe_options_exempt
@require_safe
def answer_frame(request: HttpRequest, build: str) -> HttpResponse:
    """Return the frame that draws one answer for the admin: sandboxed, and closed to everything but the build."""
    return _frame(build, ANSWER, ANSWER_POLICY)


def answer_frame_address() -> str:
    """Return the address of the frame of the present build; empty without one."""
    page = Path(settings.page_build, ANSWER)
    if not settings.page_build or not page.is_file():
        return ""
    return reverse("answer-frame", args=[page.resolve().parent.name])


def _frame(build: str, name: str, policy: str) -> HttpResponse:
    page = Path(settings.page_build).parent / build / name
    if not settings.page_build or not _BUILD.fullmatch(build) or not page.is_file():
        raise Http404
    response = HttpResponse(page.read_bytes())
    response["Content-Security-Policy"] = policy
    response["Cache-Control"] = IMMUTABLE
    return response


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
    # The frame of diagrams has an origin of its own; the files are the same for everyone.
    response["Access-Control-Allow-Origin"] = "*"
    if gzip:
        response["Content-Encoding"] = "gzip"
    return response


def _path(build: str, name: str) -> Path | None:
    known = _BUILD.fullmatch(build) and _NAME.fullmatch(name) and Path(name).suffix in TYPES
    return (
        Path(settings.page_build).parent / build / "assets" / name if settings.page_build and known else None
    )
