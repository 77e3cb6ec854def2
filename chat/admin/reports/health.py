"""Models and tools: their configuration without keys, prices, the last hour's health, and probes."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
from asgiref.sync import async_to_sync
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat import service, tools
from chat.admin.reports.dashboard import DASHBOARD_PERMISSION
from chat.conf import settings
from chat.llm.config import C1, OPENASSISTANT, ModelSpec, specs
from chat.models import Price
from chat.process import process
from chat.reporting.model_health import ModelHealth, health
from chat.tools.available import MAX_TOOLS

PROBE_PERMISSION = "chat.probe_model"
DEMO = _("the demo model of this server")
# The period of the health figures.
WINDOW = timedelta(hours=1)


class ProbeLock:
    """Lets one probe at a time run in this process, so that the button cannot be used to generate load."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A configured model. `server` has no credentials; `key` is True if set, None if none is needed."""

    name: str
    server: str
    upstream: str
    key: bool | None
    format: str
    tools: str
    parameters: str
    spec: ModelSpec
    price: Price | None
    health: ModelHealth | None


@dataclass(frozen=True, slots=True)
class ToolRow:
    """A tool; `schema` is the JSON schema that models receive."""

    name: str
    description: str
    schema: str
    permission: str
    seconds: float
    result_bytes: int
    alone: bool


def overview(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show models and tools. Raises PermissionDenied."""
    if not request.user.has_perm(DASHBOARD_PERMISSION):
        raise PermissionDenied
    servers = service.tool_servers()
    context = {
        **site.each_context(request),
        "title": gettext("Models and tools"),
        "models": _models(),
        "tools": [_tool(tool) for tool in tools.configured_tools().values()],
        "servers": [(state, [_tool(tool) for tool in state.tools]) for state in servers],
        "left_out": _tools_left_out(servers),
        "max_tools": MAX_TOOLS,
        "may_probe": request.user.has_perm(PROBE_PERMISSION),
        "may_price": request.user.has_perm("chat.view_price"),
    }
    return TemplateResponse(request, "admin/chat/reports/models.html", context)


def probe(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Probe a model and report the result on the page. Raises PermissionDenied."""
    if not request.user.has_perm(PROBE_PERMISSION):
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    name = request.POST.get("model", "")
    if name not in specs():
        messages.error(request, gettext("There is no such model."))
    elif not (probing := process.part(ProbeLock).lock).acquire(blocking=False):
        messages.warning(request, gettext("Another probe is under way."))
    else:
        try:
            _report_probe(request, name)
        finally:
            probing.release()
    return HttpResponseRedirect(reverse("admin:models"))


def _report_probe(request: HttpRequest, name: str) -> None:
    result = async_to_sync(service.probe)(name)
    if result.error is None:
        values = {"name": name, "seconds": f"{result.seconds:.2f}"}
        messages.success(request, gettext("Model %(name)s: first token after %(seconds)s s.") % values)
    else:
        values = {"name": name, "seconds": f"{result.seconds:.2f}", "code": result.error.code}
        text = gettext("Model %(name)s: %(code)s after %(seconds)s s.") % values
        messages.error(request, f"{text} {result.error.detail}")


def _tools_left_out(servers: list[tools.ServerState]) -> int:
    """Return the number of tools that a request does not offer to a user with all permissions."""
    names = {*tools.configured_tools(), *(tool.name for server in servers for tool in server.tools)}
    return max(0, len(names) - MAX_TOOLS)


def _models() -> list[ModelRow]:
    now = datetime.now(UTC)
    recent = health(now - WINDOW)
    valid = Price.objects.filter(valid_from__lte=now).order_by("model", "-valid_from").distinct("model")
    prices = {price.model: price for price in valid}
    return [_model(name, spec, prices.get(name), recent.get(name)) for name, spec in specs().items()]


def _model(name: str, spec: ModelSpec, price: Price | None, recent: ModelHealth | None) -> ModelRow:
    server, upstream, key = _endpoint_of(name, spec)
    parameters = ", ".join(_parameter(*item) for item in spec.parameters.items())
    return ModelRow(
        name, server, upstream, key, _format(name, spec), _tools(name, spec), parameters, spec, price, recent
    )


def _format(name: str, spec: ModelSpec) -> str:
    if spec.openui:
        return "openui-lang"
    return "C1" if spec.c1 or name == C1 else gettext("text")


def _tools(name: str, spec: ModelSpec) -> str:
    """Return the tools a model may call; OpenAssistant's prompt format has none."""
    if isinstance(spec.tools, bool) or name == OPENASSISTANT:
        return gettext("all") if spec.tools and name != OPENASSISTANT else gettext("none")
    return ", ".join(spec.tools)


def _endpoint_of(name: str, spec: ModelSpec) -> tuple[str, str, bool | None]:
    """Return the server, the model's name there, and True if its key is set (None: no key needed)."""
    if name == C1:
        key = bool(settings.thesys_api_key)
        return (
            (str(DEMO), settings.c1_model, None)
            if settings.demo
            else (_without_credentials(settings.c1_upstream), settings.c1_model, key)
        )
    if name == OPENASSISTANT:
        url, key = settings.openassistant_base_url, bool(settings.openassistant_api_key)
        return (
            (_without_credentials(url), settings.openassistant_model, key)
            if url
            else (str(DEMO), settings.openassistant_model, None)
        )
    return _without_credentials(spec.base_url), spec.model, bool(spec.api_key) if spec.api_key_env else None


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _parameter(name: str, value: Any) -> str:
    """Return the value of numbers and switches; of text only the name, because it may be secret."""
    return (
        f"{name} = {msgspec.json.encode(value).decode()}" if isinstance(value, bool | int | float) else name
    )


def _tool(tool: tools.Tool) -> ToolRow:
    function = tool.schema["function"]
    schema = msgspec.json.format(msgspec.json.encode(function["parameters"])).decode()
    return ToolRow(
        tool.name,
        function["description"],
        schema,
        tool.permission or "",
        tool.deadline,
        tool.result_bytes,
        tool.alone,
    )
