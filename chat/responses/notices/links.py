"""Links of notices: to the chat for its owner, to the request in the admin for staff."""

from __future__ import annotations

from urllib.parse import quote, urljoin

from django.urls import NoReverseMatch, reverse

from chat.conf import settings
from chat.models import PersonRequest


def link_of(request: PersonRequest) -> str:
    """Return the absolute address at which a request is answered."""
    path = _admin_path(request) if request.by_staff else f"c/{quote(request.response.thread.public_id)}"
    return urljoin(settings.public_url, path)


def _admin_path(request: PersonRequest) -> str:
    try:
        return reverse("admin:chat_personrequest_change", args=[request.pk])
    except NoReverseMatch:  # a project without Django's admin
        return ""
