from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import include, path
from django.views.generic import RedirectView

# Django's own views of errors check the CSRF token, and so read the request's form: they fail if that is malformed.


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the page for a request that cannot be read; nothing of it is used."""
    return HttpResponse(render_to_string("400.html"), status=400)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the page for an address that the user may not open."""
    return render(request, "403.html", status=403)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the page for an unknown address."""
    return render(request, "404.html", status=404)


urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("chat.urls")),
    path("", include("chat.web.urls")),
    path("", include("chat.sign_in.urls")),
    path(
        "favicon.ico", RedirectView.as_view(url="/static/chat/icon.svg")
    ),  # of pages that name none: the admin's
]
