"""The admin site: addresses of the reports, and an index grouped by subject."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.contrib.admin.apps import AdminConfig
from django.contrib.admin.options import TO_FIELD_VAR
from django.contrib.admin.sites import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.i18n import JavaScriptCatalog

View = Callable[..., HttpResponseBase]

# Groups of the index, by the names of models; models that are not listed stay under their app.
GROUPS = (
    (_("Conversations"), ("Thread", "Message", "Response", "PersonRequest", "Share")),
    (_("Usage"), ("UpstreamCall", "Price")),
    (_("People"), ("User", "ApiToken", "ServerConnection", "SignInRecord", "Group")),
    (_("Governance"), ("AuditLogEntry", "Hold")),
)


# Apps whose tables the admin does not show: those of allauth.
UNLISTED = ("account", "mfa", "socialaccount")


class ChatAdminSite(AdminSite):
    site_title = site_header = _("Chat server")
    index_title = _("Administration")

    def get_urls(self) -> list[URLPattern | URLResolver]:
        # Imported here because this module is loaded before the models.
        from chat.admin.reports import dashboard, health

        own: list[URLPattern | URLResolver] = [
            path("dashboard/", self._page(dashboard.dashboard), name="dashboard"),
            path("dashboard/<slug:panel>.csv", self._page(dashboard.panel_csv), name="dashboard_csv"),
            path("models/", self._page(health.overview), name="models"),
            path("models/probe/", self._page(health.probe), name="probe"),
        ]
        return own + super().get_urls()

    def register(self, model_or_iterable: Any, *args: Any, **options: Any) -> None:
        """Leave out allauth's tables: they show secrets, and a user's page says what is in them."""
        models: Any = [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        super().register([one for one in models if one._meta.app_label not in UNLISTED], *args, **options)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Return the dashboard, or the list of tables for staff who may not see it."""
        from chat.admin.reports import dashboard

        if request.user.has_perm(dashboard.DASHBOARD_PERMISSION):
            return dashboard.dashboard(request, site=self)
        return super().index(request, extra_context)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Redirect to the common page, which asks for a second factor; refuse accounts that are no staff."""
        from django.contrib.auth.views import redirect_to_login

        if request.user.is_authenticated and not request.user.is_guest:
            if not self.has_permission(request):
                raise PermissionDenied
            return redirect("admin:index")
        return redirect_to_login(request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index"))

    def each_context(self, request: HttpRequest) -> Any:
        """Add the texts of the pages' own scripts."""
        from chat.web import script_texts

        return {
            **super().each_context(request),
            "script_texts": script_texts.translations(script_texts.ADMIN),
        }

    def i18n_javascript(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Return the texts of the admin's scripts, with those that Django's catalogs lack."""
        return JavaScriptCatalog.as_view(packages=["django.contrib.admin", "chat"])(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Redirect to the common page, which bounds the guesses at the old password."""
        return redirect("account_change_password")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return super().admin_view(_refuse_unusable(view), cacheable)

    def _page(self, view: View) -> View:
        wrapped: View = self.admin_view(partial(view, site=self))
        return wrapped

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the index by groups, reports first; the page of a single app stays Django's."""
        if app_label:
            return super().get_app_list(request, app_label)
        apps = self._build_app_dict(request)
        rows = {model["object_name"]: model for app in apps.values() for model in app["models"]}
        groups = [_group(_("Overview"), _overview(request))]
        for name, members in GROUPS:
            groups.append(_group(name, [rows[member] for member in members if member in rows]))
        placed = {member for _name, members in GROUPS for member in members}
        for app in sorted(apps.values(), key=lambda app: str(app["name"])):
            rest = [model for model in app["models"] if model["object_name"] not in placed]
            groups.append({**app, "models": sorted(rest, key=lambda model: str(model["name"]))})
        return [group for group in groups if group["models"]]


def _refuse_unusable(view: View) -> View:
    """Answer 404 to what Django itself answers with 500.

    A path with NUL: the link to the site looks it up as the key of any model. An empty name of a field: a row's page looks
    for that field.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if "\0" in request.path_info or "" in (request.GET.get(TO_FIELD_VAR), request.POST.get(TO_FIELD_VAR)):
            raise Http404
        return view(request, *args, **kwargs)

    return checked


def _overview(request: HttpRequest) -> list[dict[str, Any]]:
    if not request.user.has_perm("chat.view_dashboard"):
        return []
    pages = ((_("Dashboard"), "dashboard"), (_("Models and tools"), "models"))
    return [
        {
            "name": name,
            "object_name": address,
            "admin_url": reverse(f"admin:{address}"),
            "add_url": None,
            "view_only": True,
            "perms": {"view": True},
            "model": None,
        }
        for name, address in pages
    ]


def _group(name: str | Promise, models: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a group in the form of Django's app list; its heading links to its first page."""
    address = models[0]["admin_url"] if models else ""
    return {
        "name": name,
        "app_label": str(name).lower(),
        "app_url": address,
        "has_module_perms": True,
        "models": models,
    }


class ChatAdminConfig(AdminConfig):
    default_site = "chatproject.admin_site.ChatAdminSite"
