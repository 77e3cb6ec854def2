"""Artifacts of a thread, and the text of each of their versions."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chat import db
from chat.api.base import authenticate, json_response, parse_body, read_body
from chat.api.encoders import serializers
from chat.api.encoders.shapes import ArtifactDetail, ArtifactList
from chat.api.operations import MODEL_ERRORS, Answer, describe, whole
from chat.exceptions import NotFound
from chat.llm import artifact_export
from chat.models import TokenScope
from chat.schemas.queries import ArtifactQuery
from chat.schemas.threads import ExportParamsBody, parse_export_params
from chat.schemas.validation import parse_query
from chat.threads import artifacts

# Bytes of the parameters of an export, which hold the artifact, in JSON's worst escapes.
EXPORT_BYTES = 8 * 1024 * 1024


@describe(whole(ArtifactList))
async def list_artifacts(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """List the artifacts of a thread, each at its newest version."""
    caller = await authenticate(request)
    rows = await db.atomic_async(artifacts.of_thread, caller.user, thread_id)
    return json_response({"artifacts": [serializers.artifact(row) for row in rows]})


@describe(whole(ArtifactDetail), query=ArtifactQuery)
async def show(request: HttpRequest, artifact_id: str) -> HttpResponseBase:
    """Show a version of an artifact."""
    caller = await authenticate(request)
    version = parse_query(request.GET, ArtifactQuery).version
    found = await db.atomic_async(artifacts.show, caller.user, artifact_id, version)
    return json_response(serializers.artifact_detail(found))


@describe(
    Answer(200, artifact_export.TYPES["pdf"]),
    body=ExportParamsBody,
    raises=(NotFound, *MODEL_ERRORS),
    scope=TokenScope.READ,
)
async def export_pdf(request: HttpRequest) -> HttpResponseBase:
    """Return an artifact as a PDF file, made by C1."""
    return await _export(request, "pdf")


@describe(
    Answer(200, artifact_export.TYPES["pptx"]),
    body=ExportParamsBody,
    raises=(NotFound, *MODEL_ERRORS),
    scope=TokenScope.READ,
)
async def export_pptx(request: HttpRequest) -> HttpResponseBase:
    """Return an artifact as a PowerPoint file, made by C1."""
    return await _export(request, "pptx")


async def _export(request: HttpRequest, kind: str) -> HttpResponseBase:
    await authenticate(request)
    params = await parse_body(parse_export_params, read_body(request, EXPORT_BYTES))
    data = await artifact_export.export(kind, params)
    response = HttpResponse(data, content_type=artifact_export.TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="artifact.{kind}"'
    response["Cache-Control"] = "no-store"
    return response
