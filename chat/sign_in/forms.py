"""allauth's forms, with attempts counted."""

from __future__ import annotations

from typing import Any

from allauth.account import forms
from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.mfa.adapter import get_adapter as get_factor_adapter
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django.forms import Form
from django.forms.utils import ErrorDict
from django.utils.translation import gettext_lazy as _

from chat.accounts.identity import forget_own_attempts, may_sign_up, may_try_own_password
from chat.models import User


class LoginForm(forms.LoginForm):
    """Name and password, without allauth's link to a new password, which not every server has."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""


class ReauthenticateForm(forms.ReauthenticateForm):
    """The password again, without that link."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""


class SignUpForm(forms.SignupForm):
    """Sign-up, counted last, so that only a form that would create an account counts."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if not self.errors and not may_sign_up(context.request):
            raise get_adapter().validation_error("too_many_login_attempts")
        return cleaned


class ResetPasswordForm(forms.ResetPasswordForm):
    """A mail with a link to a new password, for accounts that have one: others sign in at the provider."""

    def clean_email(self) -> str:
        address = str(super().clean_email())
        self.users: list[User] = [user for user in self.users if user.has_usable_password()]
        return address


class KeyAnswerForm(Form):
    """A form with the answer of a security key; anyone may send one that is none, and no program checks all of its fields."""

    def full_clean(self) -> None:
        """Clean the form. Any answer at which the library fails is a wrong one."""
        try:
            super().full_clean()
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            self._errors, self.cleaned_data = ErrorDict(), {}
            self.add_error(None, get_factor_adapter().validation_error("incorrect_code"))


class AuthenticateKeyForm(KeyAnswerForm, AuthenticateWebAuthnForm):
    """A key as the second factor."""


class LoginKeyForm(KeyAnswerForm, LoginWebAuthnForm):
    """A key in place of a password."""


class ReauthenticateKeyForm(KeyAnswerForm, ReauthenticateWebAuthnForm):
    """A key ahead of what needs a fresh sign-in."""


class AddKeyForm(KeyAnswerForm, AddWebAuthnForm):
    """A new security key, whose name has a label in the page's language."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name")


class ChangePasswordForm(forms.ChangePasswordForm):
    """A change of the password, whose check of the old one counts as an attempt like those of the sign-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].help_text = ""

    def clean_oldpassword(self) -> str:
        if not may_try_own_password(self.user):
            raise get_adapter().validation_error("too_many_login_attempts")
        password = str(super().clean_oldpassword())
        forget_own_attempts(self.user)
        return password
