"""The request of each route. Pure."""

from __future__ import annotations

from chat_client import shapes as s
from chat_client._requests import ApiRequest, fields, given, new_id, path

SESSION: ApiRequest[s.SessionJson] = ApiRequest("GET", path("session"))
_EVENTS = {"format": "sse"}


def send(content: s.Content, options: s.SendOptions) -> ApiRequest[object]:
    body = fields(options)
    prompt = {"id": body.pop("promptId", None) or new_id(), "role": "user", "content": content}
    return ApiRequest("POST", path("chat"), _EVENTS, {"prompt": prompt, **body})


def regenerate(answered_id: str, options: s.Choices) -> ApiRequest[object]:
    return ApiRequest("POST", path("responses", answered_id, "regenerate"), _EVENTS, fields(options))


def follow(response_id: str, offset: int, thinking_offset: int) -> ApiRequest[object]:
    place = {"offset": offset, "thinkingOffset": thinking_offset}
    return ApiRequest("GET", path("responses", response_id, "stream"), {**_EVENTS, **place})


def response(response_id: str) -> ApiRequest[s.ResponseJson]:
    return ApiRequest("GET", path("responses", response_id))


def stop(response_id: str, offset: int | None) -> ApiRequest[s.StatusJson]:
    return ApiRequest("POST", path("responses", response_id, "stop"), json=given({"offset": offset}))


def answer(
    response_id: str, request_id: str, outcome: s.Outcome, more: s.AnswerFields
) -> ApiRequest[s.StatusJson]:
    body = {"requestId": request_id, "outcome": outcome, **fields(more)}
    return ApiRequest("POST", path("responses", response_id, "answers"), json=body)


def threads(query: s.ThreadQuery) -> ApiRequest[s.ThreadPageJson]:
    return ApiRequest("GET", path("threads"), given(query))


def thread(thread_id: str) -> ApiRequest[s.ThreadJson]:
    return ApiRequest("GET", path("threads", thread_id))


def create_thread(given_fields: s.ThreadFields) -> ApiRequest[s.ThreadJson]:
    return ApiRequest("POST", path("threads"), json=fields(given_fields))


def update_thread(thread_id: str, change: s.ThreadUpdate) -> ApiRequest[s.ThreadJson]:
    return ApiRequest("PATCH", path("threads", thread_id), json=fields(change))


def delete_thread(thread_id: str) -> ApiRequest[None]:
    return ApiRequest("DELETE", path("threads", thread_id))


def messages(thread_id: str, query: s.MessageQuery) -> ApiRequest[s.MessagePageJson]:
    return ApiRequest("GET", path("threads", thread_id, "messages"), given(query))


def replace_message(thread_id: str, message_id: str, content: str) -> ApiRequest[None]:
    return ApiRequest("PUT", path("threads", thread_id, "messages", message_id), json={"content": content})


def rate_message(thread_id: str, message_id: str, score: int) -> ApiRequest[None]:
    return ApiRequest(
        "PUT", path("threads", thread_id, "messages", message_id, "feedback"), json={"score": score}
    )


def upload(data: bytes, content_type: str, name: str) -> ApiRequest[s.AttachmentJson]:
    named = {"name": name} if name else {}
    return ApiRequest("POST", path("attachments"), named, content=data, content_type=content_type)


def attachment(attachment_id: str) -> ApiRequest[s.AttachmentJson]:
    return ApiRequest("GET", path("attachments", attachment_id, "state"))


def delete_attachment(attachment_id: str) -> ApiRequest[None]:
    return ApiRequest("DELETE", path("attachments", attachment_id))
