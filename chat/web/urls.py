"""URLs of the pages."""

from __future__ import annotations

from django.urls import path

from chat.web import account_settings, chat_page, continued, frontend_build, shared_page

urlpatterns = [
    path("", chat_page.chat, name="chat"),
    path("c/<str:thread_id>", chat_page.chat, name="thread"),
    path("s/<str:share_id>", shared_page.shared, name="shared"),
    path("s/<str:share_id>/continue", continued.confirm, name="continue-shared"),
    path("continue", continued.copy, name="continue"),
    path("page/<str:build>/assets/<str:name>", frontend_build.asset, name="page-asset"),
    path("page/<str:build>/answer", frontend_build.answer_frame, name="answer-frame"),
    path("page/<str:build>/diagram", frontend_build.diagram_frame, name="diagram-frame"),
    path("service-worker.js", chat_page.service_worker, name="service-worker"),
    path("settings/", account_settings.account_settings, name="settings"),
]
