"""Django's account forms with this site's texts, guests and throttling."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, UserCreationForm
from django.core.exceptions import ValidationError
from django.db import OperationalError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from chat.accounts import accounts
from chat.accounts.identity import forget_own_attempts, may_sign_up, may_try_own_password
from chat.models import User

# Names of guests begin with it.
GUEST_PREFIX = "guest-"
TOO_MANY_ATTEMPTS = _("Too many tries. Wait a quarter of an hour, then try again.")
# Typed to delete an account; the same word in every language, shown beside the field.
CONFIRMATION = "delete"


class SignInForm(AuthenticationForm):
    """Name and password. Merges a guest's chats into the account; reports too many attempts."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("This name and password do not match an account. Capital letters count."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Name")

    def clean(self) -> dict[str, Any]:
        """Merge the guest before the session changes hands: if that fails, the guest stays logged in with everything."""
        cleaned: dict[str, Any] = super().clean()
        account, request = self.get_user(), self.request  # no account after an error in a field
        if account is None or request is None:
            return cleaned
        if request.user.is_authenticated and request.user.is_guest:
            _merge(request.user.pk, account.pk, request.session.session_key)
        return cleaned

    def get_invalid_login_error(self) -> ValidationError:
        if getattr(self.request, "tried_too_often", False):
            return ValidationError(TOO_MANY_ATTEMPTS, code="tried_too_often")
        return super().get_invalid_login_error()


def _merge(guest: int, account: int, session_key: str | None) -> None:
    try:
        with transaction.atomic():
            accounts.merge(guest, account, session_key)
    except OperationalError:  # a deadlock with a response that is just ending, or a database that is away
        raise ValidationError(_("That did not work just now. Nothing was lost; try again.")) from None


class StaffSignInForm(AdminAuthenticationForm, SignInForm):
    """The admin's login form, for staff alone."""


class SignUpForm(UserCreationForm[User]):
    """Sign-up of a new account; with a guest as its instance, the guest becomes the account."""

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username",)
        labels = {"username": _("Name")}
        help_texts = {"username": _("Letters, digits and @ . + - _")}

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request
        self.fields["password1"].help_text = _("At least 8 characters that are hard to guess.")
        self.fields["password2"].label = _("Password again")
        self.fields["password2"].help_text = ""
        self.initial.pop("username", None)  # a guest's own name is random

    def clean_username(self) -> str:
        name = str(super().clean_username() or "")  # None after an earlier error
        if name.lower().startswith(GUEST_PREFIX):
            raise ValidationError(_("Names that begin like this are for guests. Choose another one."))
        return name

    def clean(self) -> dict[str, Any]:
        """Count the attempt last, so that only a form that would create an account counts."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not may_sign_up(self._request):
            raise ValidationError(TOO_MANY_ATTEMPTS, code="tried_too_often")
        return cleaned

    def save(self, commit: bool = True) -> User:
        self.instance.is_guest = False
        return super().save(commit)


class ThrottledPasswordChangeForm(PasswordChangeForm):
    """Django's form, whose check of the old password counts as an attempt like those of the login forms."""

    def clean_old_password(self) -> str:
        if not may_try_own_password(self.user):
            raise ValidationError(TOO_MANY_ATTEMPTS, code="tried_too_often")
        password = str(super().clean_old_password())
        forget_own_attempts(self.user)
        return password


class StaffPasswordChangeForm(ThrottledPasswordChangeForm, AdminPasswordChangeForm):
    """The admin's form, with the same throttle."""


class ChangePasswordForm(ThrottledPasswordChangeForm):
    """The old password once, the new one twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = _("At least 8 characters that are hard to guess.")
        self.fields["new_password2"].label = _("New password again")
        self.fields["new_password2"].help_text = ""


class TokenForm(forms.Form):
    """Purpose of a new token."""

    name = forms.CharField(label=_("What it is for"), max_length=100)


class DeletionForm(forms.Form):
    """Confirmation word, and the password of an account that has one."""

    confirmation = forms.CharField(label=_("Type “delete” to confirm"), max_length=20)
    password = forms.CharField(label=_("Password"), widget=forms.PasswordInput, strip=False)

    def __init__(self, request: HttpRequest, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request, self._user = request, user
        self.fields["confirmation"].widget.attrs["autocomplete"] = "off"
        self.fields["password"].widget.attrs["autocomplete"] = "current-password"
        if not user.has_usable_password():
            del self.fields["password"]  # a guest is identified by the session alone

    def clean_confirmation(self) -> str:
        word = str(self.cleaned_data["confirmation"]).strip().lower()
        if word != CONFIRMATION:
            raise ValidationError(_("Type the word “delete”, without the marks."))
        return word

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if authenticate(self._request, username=self._user.get_username(), password=password) is None:
            raise ValidationError(
                TOO_MANY_ATTEMPTS
                if getattr(self._request, "tried_too_often", False)
                else _("That is not the password.")
            )
        return password
