"""Forms of the account settings."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models import ALL_SCOPES, TokenScope, User

TOO_MANY_ATTEMPTS = _("Too many tries. Wait a quarter of an hour, then try again.")
# Typed to delete an account; the same word in every language, shown beside the field.
CONFIRMATION = "delete"


# Days for which a new token may be valid; 0: without an end.
TOKEN_DAYS = {30: _("30 days"), 90: _("90 days"), 365: _("A year"), 0: _("No end")}


class TokenForm(forms.Form):
    """Purpose, scopes and end of a new token."""

    name = forms.CharField(label=_("What it is for"), max_length=100)
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=TokenScope.choices,
        initial=ALL_SCOPES,
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label=_("Valid for"), choices=list(TOKEN_DAYS.items()), coerce=int, initial=90
    )

    def end(self) -> datetime | None:
        """Return the end of the token, None for none."""
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=days) if days else None


def scopes_in_words(scopes: Collection[str]) -> list[Any]:
    """Return the words for the scopes of a token."""
    return [scope.label for scope in TokenScope if scope.value in scopes]


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
