"""API tokens: created and revoked. A token is shown once, to the user who creates it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import CheckboxSelectMultiple, MultipleChoiceField
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.admin.lists.columns import owner_link, time_column
from chat.admin.lists.lookups import ValidatedChangeList
from chat.admin.readonly import ROWS
from chat.models import ALL_SCOPES, ApiToken, TokenScope


class UserSelect(AutocompleteSelect):
    """Select whose form is shown again, not answered with 500, for a value that is no id."""

    def optgroups(self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None) -> Any:
        return super().optgroups(name, [each for each in value if self._is_id(each)], attrs)

    def _is_id(self, value: str) -> bool:
        try:
            return self.choices.field.to_python(value) is not None
        except ValidationError:
            return False


_CREATED = time_column("created_at", _("created"), exact=True)
_EXPIRES = time_column("expires_at", _("valid until"), none=_("never ends"), exact=True)


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin[ApiToken]):
    list_display = (
        "__str__",
        "user_link",
        "scopes",
        time_column("expires_at", _("valid until"), none=_("never ends")),
        time_column("created_at", _("created")),
    )
    list_select_related = ("user",)
    list_per_page = ROWS
    show_full_result_count = False
    search_fields = ("name", "user__username")
    ordering = ("-pk",)

    class Media:
        js = ("chat/js/admin/labels.js",)

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> tuple[str, ...]:
        """Offer the choice of a user to superusers alone: a token has all rights of its user."""
        if obj:
            return ("user_link", "name", "scopes", _EXPIRES, _CREATED)
        given = ("name", "scopes", "expires_at")
        return ("user", *given) if request.user.is_superuser else given

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Leave out the end: the address gives a text, which its widget would take for a time."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        return {name: value for name, value in initial.items() if name != "expires_at"}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "scopes":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return MultipleChoiceField(
            label=capfirst(_("scopes")),
            choices=TokenScope.choices,
            initial=ALL_SCOPES,
            widget=CheckboxSelectMultiple,
        )

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(
            db_field, request, widget=UserSelect(db_field, self.admin_site), **kwargs
        )

    @admin.display(description=_("user"), ordering="user__username")
    def user_link(self, token: ApiToken) -> str:
        return owner_link(token.user_id, token.user.username)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ValidatedChangeList]:
        return ValidatedChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        return super().get_queryset(request).defer("digest")

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse filters by digest, which would disclose it letter by letter."""
        return not lookup.startswith("digest") and super().lookup_allowed(lookup, value, request)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Create the token and show it; users other than superusers create their own."""
        if not request.user.is_superuser:
            obj.user_id = int(request.user.pk or 0)
        token = ApiToken.issue(obj.user, obj.name, obj.scopes, obj.expires_at)
        obj.pk = ApiToken.objects.values_list("pk", flat=True).get(digest=ApiToken.digest_of(token))
        self.message_user(
            request,
            gettext("The token, shown only this once: %(token)s") % {"token": token},
            messages.WARNING,
        )
