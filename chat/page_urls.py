"""The addresses that people see."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from chat import account_pages, built, pages, shared_page

urlpatterns = [
    path("", pages.chat, name="chat"),
    path("c/<str:thread_id>", pages.chat, name="thread"),
    path("s/<str:share_id>", shared_page.shared, name="shared"),
    path("signup/", account_pages.sign_up, name="signup"),
    path("login/", account_pages.SignInView.as_view(), name="login"),
    path("page/<str:build>/assets/<str:name>", built.asset, name="page-asset"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", account_pages.ChangePasswordView.as_view(), name="password"),
    path("settings/", account_pages.account_settings, name="settings"),
]
