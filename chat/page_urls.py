"""The addresses that people see."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from chat import pages

urlpatterns = [
    path("", pages.chat, name="chat"),
    path("c/<str:thread_id>", pages.chat, name="thread"),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
]
