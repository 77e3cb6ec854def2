"""The OpenAPI document: made of the routes, the descriptions of their views, and the types that these name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.urls import URLPattern
from django.urls.resolvers import RoutePattern

from chat.api.base import PROBLEM_TYPE, Route, route_of
from chat.api.json_schemas import JsonSchemas, query_fields
from chat.api.operations import SAFE_METHODS, Answer, Operation, operation_of, scope_of
from chat.exceptions import (
    BY_CODE,
    BadOffset,
    BadRequest,
    ChatError,
    CsrfFailed,
    ForbiddenOrigin,
    InsufficientScope,
    NotFound,
    QuotaExceeded,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from chat.schemas.validation import ID_PATTERN

VERSION = "3.1.0"
# The version of the routes; one that old clients cannot use would have another address.
API_VERSION = "1"

DESCRIPTION = """Errors are problem documents; their `code` is one of a closed table. Under `/v1` they have OpenAI's form.

A caller has a bearer token or a session cookie; a request by cookie that changes something also needs the `csrfToken` of
`GET /api/session` in the header `X-CSRFToken`. A token needs the scope that the operation names. A GET route answers HEAD, too.
"""

BEARER = "A token of the user, with the scope that the operation names: `read`, `send` or `manage`."

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one route, with its view."""

    path: str
    names: tuple[str, ...]
    method: str
    route: Route
    view: Callable[..., Any]
    operation: Operation

    @property
    def module(self) -> str:
        return self.view.__module__.rpartition(".")[2]


def document(patterns: Iterable[Any]) -> Json:
    """Return the document of all endpoints among Django's URL patterns."""
    endpoints = list(_endpoints(patterns))
    schemas = JsonSchemas(_types(endpoints))
    paths: dict[str, Json] = {}
    for one in endpoints:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": VERSION,
        "info": {"title": "Chat", "version": API_VERSION, "description": DESCRIPTION},
        "tags": [{"name": name, "description": text} for name, text in _tags(endpoints).items()],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": _error_answers(endpoints, schemas),
            "securitySchemes": _security_schemes(),
        },
    }


def _endpoints(patterns: Iterable[Any]) -> Iterator[Endpoint]:
    for pattern in patterns:
        route = route_of(pattern.callback)
        if route is None or not isinstance(pattern.pattern, RoutePattern):
            continue
        path, names = path_of(pattern), tuple(map(camel_case, pattern.pattern.converters))
        for method, view in route.methods.items():
            yield Endpoint(path, names, method, route, view, operation_of(view) or Operation(()))


def path_of(pattern: URLPattern) -> str:
    """Return `/api/threads/{threadId}` for `api/threads/<id:thread_id>`."""
    return "/" + re.sub(r"<\w+:(\w+)>", lambda name: "{" + camel_case(name[1]) + "}", str(pattern.pattern))


def camel_case(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)


def _types(endpoints: list[Endpoint]) -> list[Any]:
    answers = [answer.shape for one in endpoints for answer in one.operation.answers]
    bodies = [body for one in endpoints for body in one.operation.body]
    shapes = [*answers, *bodies, *(one.route.error_shape for one in endpoints)]
    return [shape for shape in shapes if shape is not None]


def _tags(endpoints: list[Endpoint]) -> dict[str, str]:
    return {one.module: _first_line(inspect.getmodule(one.view)) for one in endpoints}


def _first_line(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _operation(one: Endpoint, schemas: JsonSchemas) -> Json:
    described = one.operation
    body = {"requestBody": _body(described, schemas)} if described.body else {}
    return {
        "operationId": f"{one.module}_{one.view.__name__}",
        "summary": _first_line(one.view).rstrip("."),
        "tags": [one.module],
        "security": _security(one),
        "parameters": [*_path_parameters(one), *_query_parameters(one), *_header_parameters(one)],
        **body,
        "responses": {**_answers(described.answers, schemas), **_errors(one)},
    }


def _path_parameters(one: Endpoint) -> Iterator[Json]:
    schema = {"type": "string", "pattern": f"^{ID_PATTERN}$"}
    return ({"name": name, "in": "path", "required": True, "schema": schema} for name in one.names)


def _query_parameters(one: Endpoint) -> Iterator[Json]:
    if one.operation.query is not None:
        for name, schema in query_fields(one.operation.query).items():
            yield {"name": name, "in": "query", "schema": schema}


def _header_parameters(one: Endpoint) -> Iterator[Json]:
    return ({"name": name, "in": "header", "schema": {"type": "string"}} for name in one.operation.headers)


def _body(described: Operation, schemas: JsonSchemas) -> Json:
    content = {described.body_type: {"schema": _any_of([schemas.of(body) for body in described.body])}}
    return {"required": described.body_required, "content": content}


def _any_of(options: list[Json]) -> Json:
    return options[0] if len(options) == 1 else {"anyOf": options}


def _answers(answers: tuple[Answer, ...], schemas: JsonSchemas) -> dict[str, Json]:
    """Return the successful answers by their statuses, each with all of its types of content."""
    found: dict[str, Json] = {}
    for answer in answers:
        described = found.setdefault(str(answer.status), {"description": HTTPStatus(answer.status).phrase})
        if answer.headers:
            described["headers"] = {name: {"schema": {"type": "string"}} for name in answer.headers}
        if answer.content_type:
            same = [one.shape for one in answers if one[:2] == answer[:2] and one.shape is not None]
            schema = {"schema": _any_of([schemas.of(shape) for shape in same])} if same else {}
            described.setdefault("content", {})[answer.content_type] = schema
    return found


def errors_of(one: Endpoint) -> set[type[ChatError]]:
    """Return the errors of an endpoint: those that its description names, and those that follow from it."""
    described, safe = one.operation, one.method in SAFE_METHODS
    found: set[type[ChatError]] = {BadRequest, Unavailable, *described.raises}
    if described.access != "anyone":
        found |= {Unauthenticated, InsufficientScope}
    if described.access == "account" and not safe:
        found |= {CsrfFailed}
    if described.access == "origin":
        found |= {ForbiddenOrigin, QuotaExceeded}
    if one.names:
        found |= {NotFound}
    if described.body:
        found |= {TooLarge}
    if described.body and described.body_required:
        found |= {UnsupportedMediaType}
    return found | ({BadOffset} if described.query or described.body else set())


def _errors(one: Endpoint) -> dict[str, Json]:
    name = one.route.error_shape.__name__
    statuses = sorted({error.status for error in errors_of(one)})
    return {str(status): {"$ref": f"#/components/responses/{name}{status}"} for status in statuses}


def _error_answers(endpoints: list[Endpoint], schemas: JsonSchemas) -> dict[str, Json]:
    """Return an answer for each form and status of an error."""
    found: dict[str, Json] = {}
    for one in endpoints:
        for status in {error.status for error in errors_of(one)}:
            name = f"{one.route.error_shape.__name__}{status}"
            found[name] = _error_answer(one.route, status, schemas)
    return dict(sorted(found.items()))


def _error_answer(route: Route, status: int, schemas: JsonSchemas) -> Json:
    errors = [error for error in BY_CODE.values() if error.status == status]
    schema = schemas.of(route.error_shape)
    if route.error_type == PROBLEM_TYPE:
        codes = {"type": "object", "properties": {"code": {"enum": [error.code for error in errors]}}}
        schema = {"allOf": [schema, codes]}
    details = "\n".join(f"- `{error.code}`: {error.__doc__}" for error in errors)
    return {"description": details, "content": {route.error_type: {"schema": schema}}}


def _security(one: Endpoint) -> list[Json]:
    if one.operation.access == "anyone":
        return []
    by_cookie: Json = {"session": []}
    bearer: Json = {"bearer": [scope_of(one.method, one.view).value]}
    if one.operation.access == "origin":
        return [bearer, by_cookie, {}]
    csrf: Json = {} if one.method in SAFE_METHODS else {"csrf": []}
    return [bearer, by_cookie | csrf]


def _security_schemes() -> Json:
    return {
        "bearer": {"type": "http", "scheme": "bearer", "description": BEARER},
        "session": {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME},
        "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRFToken"},
    }
