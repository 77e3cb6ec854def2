"""Forms of the account settings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from chat.models import User

TOO_MANY_ATTEMPTS = _("Too many tries. Wait a quarter of an hour, then try again.")
# Typed to delete an account; the same word in every language, shown beside the field.
CONFIRMATION = "delete"


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
