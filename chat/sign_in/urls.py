"""Addresses of the pages for signing in, under the names that allauth looks up."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as keys
from allauth.socialaccount import views as social
from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter

from chat.sign_in import views
from chat.sign_in.sessions_page import sessions_page
from chat.sign_in.visitors import View, by_mail, for_visitors, local_only


class Base36Converter(StringConverter):
    """The key of an account in a link to a new password, which holds no hyphen."""

    regex = "[0-9A-Za-z]+"


register_converter(Base36Converter, "base36")


def _page(route: str, view: View, name: str) -> URLPattern:
    return path(route, for_visitors(view), name=name)


urlpatterns = [
    _page("login/", views.LoginView.as_view(), "account_login"),
    _page("signup/", views.SignUpView.as_view(), "account_signup"),
    _page("password/", views.ChangePasswordView.as_view(), "account_change_password"),
    _page("inactive/", account.account_inactive, "account_inactive"),
    _page("login/sso/", views.sso_login, "sso_login"),
    _page("login/sso/callback/", views.sso_callback, "sso_callback"),
    path("login/sso/logout/", views.sso_logout, name="sso_logout"),
    _page("login/cancelled/", social.login_cancelled, "socialaccount_login_cancelled"),
    _page("reauthenticate/", account.reauthenticate, "account_reauthenticate"),
    path("logout/", views.log_out, name="account_logout"),
    _page("sessions/", sessions_page, "sessions"),
    _page("2fa/", factors.index, "mfa_index"),
    _page("2fa/authenticate/", factors.authenticate, "mfa_authenticate"),
    _page("2fa/reauthenticate/", factors.reauthenticate, "mfa_reauthenticate"),
    _page("2fa/app/", totp.activate_totp, "mfa_activate_totp"),
    _page("2fa/app/remove/", totp.deactivate_totp, "mfa_deactivate_totp"),
    _page("2fa/codes/", codes.view_recovery_codes, "mfa_view_recovery_codes"),
    _page("2fa/codes/new/", codes.generate_recovery_codes, "mfa_generate_recovery_codes"),
    _page("2fa/codes/download/", codes.download_recovery_codes, "mfa_download_recovery_codes"),
    _page("2fa/keys/", keys.list_webauthn, "mfa_list_webauthn"),
    _page("2fa/keys/new/", keys.add_webauthn, "mfa_add_webauthn"),
    _page("2fa/keys/login/", local_only(keys.login_webauthn), "mfa_login_webauthn"),
    _page("2fa/keys/reauthenticate/", keys.reauthenticate_webauthn, "mfa_reauthenticate_webauthn"),
    _page("2fa/keys/<int:pk>/", keys.edit_webauthn, "mfa_edit_webauthn"),
    _page("2fa/keys/<int:pk>/remove/", keys.remove_webauthn, "mfa_remove_webauthn"),
    _page("email/", by_mail(account.email), "account_email"),
    _page("email/sent/", by_mail(account.email_verification_sent), "account_email_verification_sent"),
    _page("email/<str:key>/", by_mail(account.confirm_email), "account_confirm_email"),
    _page("password/reset/", by_mail(account.password_reset), "account_reset_password"),
    _page("password/reset/sent/", by_mail(account.password_reset_done), "account_reset_password_done"),
    _page(
        "password/reset/done/",
        by_mail(account.password_reset_from_key_done),
        "account_reset_password_from_key_done",
    ),
    _page(
        "password/reset/<base36:uidb36>-<str:key>/",
        by_mail(account.password_reset_from_key),
        "account_reset_password_from_key",
    ),
]
