"""The ASGI application of the shipped server: the chat, and Django's pages."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

from chatproject.page_limit import PageLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")

pages = PageLimit(get_asgi_application())

from chat.asgi import ChatApplication

application = ChatApplication(pages)
