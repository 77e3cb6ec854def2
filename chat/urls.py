"""The API's paths, to be included at the root of a site. `chat.asgi` serves them without Django's middlewares."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.urls import path, re_path, register_converter
from django.urls.converters import StringConverter

from chat.api import (
    account,
    artifacts,
    asyncapi,
    attachments,
    chat,
    connections,
    documents,
    exports,
    imports,
    metrics,
    openapi,
    probe,
    server_prompts,
    shares,
    threads,
)
from chat.api.base import endpoint, unknown_route
from chat.api.cors import cross_origin
from chat.api.dialects import (
    ag_ui,
    ai_sdk,
    durable_streams,
    openai_completions,
    openai_conversations,
    openai_files,
    openai_responses,
    openui,
)
from chat.api.dialects.openai_base import openai_endpoint
from chat.schemas.validation import ID_PATTERN
from chat.web import api_docs

API_PREFIXES = ("/api", "/v1", "/healthz", "/readyz", "/metrics")


UNKNOWN: dict[str, Any] = dict.fromkeys(("get", "post", "put", "patch", "delete"), unknown_route)


class IdConverter(StringConverter):
    """A part of a path that has the form of an id; with any other the path does not exist."""

    regex = ID_PATTERN


register_converter(IdConverter, "id")


@cache
def openapi_document() -> dict[str, Any]:
    """Describe the HTTP routes as an OpenAPI document."""
    return openapi.document(urlpatterns)


urlpatterns = [
    path("api/chat", endpoint(post=chat.send_to_c1)),
    path("api/response", endpoint(post=chat.send_to_openassistant)),
    path("api/response/<id:thread_id>/stream", endpoint(get=chat.stream_of_thread)),
    path("api/responses/<id:response_id>", endpoint(get=chat.show)),
    path("api/responses/<id:response_id>/stream", endpoint(get=chat.stream)),
    path("api/responses/<id:response_id>/stop", endpoint(post=chat.stop)),
    path("api/responses/<id:response_id>/answers", endpoint(post=chat.answer)),
    path("api/responses/<id:response_id>/regenerate", endpoint(post=chat.regenerate)),
    path("api/threads", endpoint(get=threads.list_threads, post=threads.create)),
    path(
        "api/threads/<id:thread_id>", endpoint(get=threads.show, patch=threads.change, delete=threads.delete)
    ),
    path("api/threads/<id:thread_id>/messages", endpoint(get=threads.messages)),
    path("api/threads/<id:thread_id>/messages/<id:message_id>", endpoint(put=threads.replace)),
    path("api/threads/<id:thread_id>/messages/<id:message_id>/feedback", endpoint(put=threads.rate)),
    path("api/threads/<id:thread_id>/shares", endpoint(get=shares.list_shares, post=shares.create)),
    path("api/threads/<id:thread_id>/shares/<id:share_id>", endpoint(delete=shares.revoke)),
    path("api/threads/<id:thread_id>/export", endpoint(get=exports.thread)),
    path("api/threads/<id:thread_id>/artifacts", endpoint(get=artifacts.list_artifacts)),
    path("api/artifacts/<id:artifact_id>", endpoint(get=artifacts.show)),
    path("api/artifacts/export/pdf", endpoint(post=artifacts.export_pdf)),
    path("api/artifacts/export/pptx", endpoint(post=artifacts.export_pptx)),
    path("api/export", endpoint(get=exports.account)),
    path("api/import", endpoint(post=imports.create)),
    path("api/instructions", endpoint(get=account.show, put=account.change)),
    path("api/tokens", endpoint(get=account.list_tokens, post=account.make_token)),
    path("api/tokens/<id:token_id>", endpoint(delete=account.revoke_token)),
    path("api/connections", endpoint(get=connections.list_connections)),
    path("api/connections/<id:server>", endpoint(post=connections.connect, delete=connections.disconnect)),
    path("api/server-prompts", endpoint(get=server_prompts.list_prompts)),
    path("api/server-prompts/<id:server>", endpoint(post=server_prompts.fill)),
    path(connections.CALLBACK_PATH, endpoint(get=connections.callback)),
    path("api/attachments", endpoint(get=attachments.list_attachments, post=attachments.create)),
    path("api/attachments/<id:attachment_id>", endpoint(get=attachments.show, delete=attachments.delete)),
    path("api/attachments/<id:attachment_id>/state", endpoint(get=attachments.state)),
    path("api/attachments/<id:attachment_id>/text", endpoint(get=attachments.text)),
    path("api/session", endpoint(get=threads.session)),
    path("api/ai-sdk/chat", cross_origin(post=ai_sdk.send)),
    path("api/ai-sdk/chat/<id:thread_id>", cross_origin(get=ai_sdk.show)),
    path("api/ai-sdk/chat/<id:thread_id>/stream", cross_origin(get=ai_sdk.reconnect)),
    path("api/ai-sdk/chat/<id:thread_id>/stop", cross_origin(post=ai_sdk.stop)),
    path("api/ag-ui", cross_origin(get=ag_ui.get, post=ag_ui.post)),
    path("api/ag-ui/info", cross_origin(get=ag_ui.info)),
    path("api/ag-ui/agent/<id:agent>/run", cross_origin(post=ag_ui.run)),
    path("api/ag-ui/agent/<id:agent>/connect", cross_origin(post=ag_ui.connect)),
    path("api/ag-ui/agent/<id:agent>/stop/<id:thread_id>", cross_origin(post=ag_ui.stop)),
    path("api/openui/threads/get", cross_origin(get=openui.list_threads)),
    path("api/openui/threads/get/<id:thread_id>", cross_origin(get=openui.show)),
    path("api/openui/threads/create", cross_origin(post=openui.create)),
    path("api/openui/threads/update/<id:thread_id>", cross_origin(patch=openui.update)),
    path("api/openui/threads/delete/<id:thread_id>", cross_origin(delete=openui.delete)),
    path("v1/models", openai_endpoint(get=openai_completions.list_models)),
    path("v1/chat/completions", openai_endpoint(post=openai_completions.create)),
    path("v1/responses", openai_endpoint(post=openai_responses.create)),
    path(
        "v1/responses/<id:response_id>",
        openai_endpoint(get=openai_responses.show, delete=openai_responses.delete),
    ),
    path("v1/responses/<id:response_id>/cancel", openai_endpoint(post=openai_responses.cancel)),
    path("v1/responses/<id:response_id>/input_items", openai_endpoint(get=openai_responses.input_items)),
    path("v1/conversations", openai_endpoint(post=openai_conversations.create)),
    path("v1/conversations/<id:thread_id>", openai_endpoint(get=openai_conversations.show)),
    path("v1/conversations/<id:thread_id>/items", openai_endpoint(get=openai_conversations.items)),
    path("v1/files", openai_endpoint(get=openai_files.list_files, post=openai_files.create)),
    path("v1/files/<id:file_id>", openai_endpoint(get=openai_files.show, delete=openai_files.delete)),
    path("v1/files/<id:file_id>/content", openai_endpoint(get=openai_files.content)),
    path("v1/streams/<id:response_id>", cross_origin(get=durable_streams.read)),
    path("api/openapi.json", endpoint(get=documents.document_view(openapi_document))),
    path("api/asyncapi.json", endpoint(get=documents.document_view(asyncapi.asyncapi_document))),
    path("api/docs", api_docs.page_of(openapi_document)),
    # Probes come by address: the Host header of a load balancer or an orchestrator names an IP.
    path("healthz", endpoint(any_host=True, get=threads.live)),
    path("readyz", endpoint(any_host=True, get=threads.ready)),
    path("api/probe", endpoint(any_host=True, get=probe.facts)),
    path("api/probe/stream", endpoint(any_host=True, get=probe.stream)),
    path("metrics", endpoint(any_host=True, get=metrics.show)),
    re_path(r"^(?:api|v1/streams|healthz|readyz|metrics)(?:/[\s\S]*)?\Z", endpoint(**UNKNOWN)),
    re_path(r"^v1(?:/[\s\S]*)?\Z", openai_endpoint(**UNKNOWN)),
]
