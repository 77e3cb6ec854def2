"""The API's paths. `chatproject.asgi` serves everything under API_PREFIXES without Django's synchronous middlewares."""

from __future__ import annotations

from django.urls import path, re_path

from chat.views import attachments, exports, responses, shares, threads
from chat.views.door import door, unknown

API_PREFIXES = ("/api", "/healthz", "/readyz")

urlpatterns = [
    path("api/chat", door(post=responses.send_to_c1)),
    path("api/response", door(post=responses.send_to_openassistant)),
    path("api/responses/<str:response_id>", door(get=responses.show)),
    path("api/responses/<str:response_id>/stream", door(get=responses.stream)),
    path("api/responses/<str:response_id>/stop", door(post=responses.stop)),
    path("api/responses/<str:response_id>/regenerate", door(post=responses.regenerate)),
    path("api/threads", door(get=threads.list_threads, post=threads.create)),
    path("api/threads/<str:thread_id>", door(get=threads.show, patch=threads.change, delete=threads.delete)),
    path("api/threads/<str:thread_id>/messages", door(get=threads.messages)),
    path("api/threads/<str:thread_id>/messages/<str:message_id>", door(put=threads.replace)),
    path("api/threads/<str:thread_id>/messages/<str:message_id>/feedback", door(put=threads.rate)),
    path("api/threads/<str:thread_id>/shares", door(get=shares.list_shares, post=shares.create)),
    path("api/threads/<str:thread_id>/shares/<str:share_id>", door(delete=shares.revoke)),
    path("api/threads/<str:thread_id>/export", door(get=exports.thread)),
    path("api/export", door(get=exports.everything)),
    path("api/attachments", door(post=attachments.create)),
    path("api/attachments/<str:attachment_id>", door(get=attachments.show)),
    path("api/session", door(get=threads.session)),
    path("healthz", door(get=threads.live)),
    path("readyz", door(get=threads.ready)),
    re_path(
        r"^(?:api|healthz|readyz).*",
        door(get=unknown, post=unknown, put=unknown, patch=unknown, delete=unknown),
    ),
]
