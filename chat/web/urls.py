"""URLs of the pages."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from chat.web import account_settings, chat_page, frontend_build, shared_page

urlpatterns = [
    path("", chat_page.chat, name="chat"),
    path("c/<str:thread_id>", chat_page.chat, name="thread"),
    path("s/<str:share_id>", shared_page.shared, name="shared"),
    path("signup/", account_settings.sign_up, name="signup"),
    path("login/", account_settings.SignInView.as_view(), name="login"),
    path("page/<str:build>/assets/<str:name>", frontend_build.asset, name="page-asset"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", account_settings.ChangePasswordView.as_view(), name="password"),
    path("settings/", account_settings.account_settings, name="settings"),
]
