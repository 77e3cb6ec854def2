"""The page of the API: the built viewer of its document, and a plain list of its routes until a build exists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from chat.web import frontend_build

Json = Mapping[str, Any]


def page_of(document: Callable[[], Json]) -> Callable[[HttpRequest], HttpResponse]:
    """Return the view of an OpenAPI document as a page. It is a sync view, for the document takes some 60 ms to make."""

    @require_safe
    def show(request: HttpRequest) -> HttpResponse:
        nonce = frontend_build.new_nonce()
        if page := frontend_build.html(nonce, "docs.html"):
            request.style_nonce = nonce  # type: ignore[attr-defined]  # read by the middleware that sends the policy
            return HttpResponse(page)
        return render(request, "chat/api_docs.html", {"document": document(), "groups": _groups(document())})

    return show


def _groups(document: Json) -> list[dict[str, Any]]:
    """Return the routes by their tags, in the order of the document."""
    about = {tag["name"]: tag["description"] for tag in document["tags"]}
    by_tag = groupby(_routes(document), key=lambda route: route["tags"][0])
    return [{"name": name, "about": about[name], "routes": list(routes)} for name, routes in by_tag]


def _routes(document: Json) -> Iterator[dict[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield {"path": path, "method": method.upper(), **operation}
