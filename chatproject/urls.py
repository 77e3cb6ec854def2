from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("chat.urls")),
    path("", include("chat.web.urls")),
    path(
        "favicon.ico", RedirectView.as_view(url="/static/chat/icon.svg")
    ),  # of pages that name none: the admin's
]
