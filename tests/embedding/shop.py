"""A Django project of one file, with the chat beside views of its own. libpq's variables name its Postgres."""

import os

from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

settings.configure(
    SECRET_KEY="of-the-shop",
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"]}},
    INSTALLED_APPS=[
        "chat",
        *(f"django.contrib.{app}" for app in ("auth", "contenttypes", "postgres", "sessions", "staticfiles")),
    ],
    AUTH_USER_MODEL="chat.User",
    MIDDLEWARE=[
        "chat.headers.ContentSecurityPolicy",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    ROOT_URLCONF="shop",
    STATIC_URL="/static/",
    CHAT_GUESTS=True,
    CHAT_TOOLS=["calculate"],
    C1_BASE_URL=os.environ["MODEL_URL"],
)
pages = ASGIStaticFilesHandler(get_asgi_application())

from chat.asgi import ChatApplication  # noqa: E402 - Django must be set up first


def stock(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Three chairs")


urlpatterns = [path("api/stock", stock), path("", include("chat.urls")), path("", include("chat.web.urls"))]
application = ChatApplication(pages)
