"""Prompts of MCP servers, with which a user begins a message."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chat import service
from chat.api.base import authenticate, json_response, parse_body, read_body
from chat.api.encoders import serializers
from chat.api.encoders.account_shapes import ServerPromptList, ServerPromptText
from chat.api.operations import describe, whole
from chat.exceptions import ConnectionFailed
from chat.models import TokenScope
from chat.schemas.server_prompts import ServerPromptBody, parse_server_prompt


@describe(whole(ServerPromptList))
async def list_prompts(request: HttpRequest) -> HttpResponseBase:
    """List the prompts of the MCP servers that the user may use, as far as they answer."""
    caller = await authenticate(request)
    found = await service.server_prompts(caller)
    return json_response({"prompts": [serializers.server_prompt(one) for one in found]})


@describe(whole(ServerPromptText), body=ServerPromptBody, raises=(ConnectionFailed,), scope=TokenScope.SEND)
async def fill(request: HttpRequest, server: str) -> HttpResponseBase:
    """Return the text of a prompt with its arguments, for the user to change and to send."""
    caller = await authenticate(request)
    wanted = await parse_body(parse_server_prompt, read_body(request))
    return json_response({"text": await service.server_prompt_text(caller, server, wanted)})
