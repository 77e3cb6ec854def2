from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.views.generic import RedirectView


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the page for an unknown address. Django's own reads the request's form, and fails if that is malformed."""
    return render(request, "404.html", status=404)


urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("chat.urls")),
    path("", include("chat.web.urls")),
    path(
        "favicon.ico", RedirectView.as_view(url="/static/chat/icon.svg")
    ),  # of pages that name none: the admin's
]
