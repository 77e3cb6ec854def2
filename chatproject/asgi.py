"""The ASGI application of the shipped server: the chat, and Django's pages.

The import raises ImproperlyConfigured where SECRET_KEY is unset: only `manage.py` generates one.
"""

from __future__ import annotations

import os

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured

from chatproject.page_limit import PageLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")

try:
    _ = settings.SECRET_KEY
except ImproperlyConfigured:
    raise ImproperlyConfigured(
        "SECRET_KEY must be set for a server that `manage.py up` does not start."
    ) from None

pages = PageLimit(get_asgi_application())

from chat.asgi import ChatApplication

application = ChatApplication(pages)
