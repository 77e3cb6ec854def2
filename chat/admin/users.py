"""Users: accounts of people, staff and guests."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.accounts import sessions
from chat.admin import holds, rules
from chat.admin.actions import suspensions
from chat.admin.actions.object_actions import ObjectActionsMixin
from chat.admin.lists.columns import format_name, format_time, time_column
from chat.admin.lists.formatting import format_number, format_usage, quotas_left
from chat.admin.lists.lookups import ValidatedChangeList
from chat.admin.readonly import ROWS, badge
from chat.models import User
from chat.reporting.usage_totals import of_guests, of_users
from chat.text import storable

# Fields that superusers alone change. The address is one: whoever gets its mails may set a new password.
PRIVILEGES = ("is_staff", "is_superuser", "groups", "user_permissions", "email")
# System text of the user's chats: a filter would disclose it letter by letter.
CONTENT = ("instructions",)

FIGURES = (
    "kind",
    "threads",
    "today",
    "month",
    "left",
    "tokens",
    "sessions",
    "sign_ins",
    "held",
    "last_seen",
    "applies",
)


# Columns in words in place of Django's fields: icons and times without a distance.
_LAST_LOGIN = time_column("last_login", _("last login"), none=_("never"), exact=True)
_JOINED = time_column("date_joined", _("date joined"), exact=True)
WORDED = {"is_active": "state", "last_login": _LAST_LOGIN, "date_joined": _JOINED}


def _in_words(fieldsets: Any) -> list[Any]:
    """Return the fieldsets with the fields of WORDED replaced."""
    return [
        (name, {**options, "fields": tuple(WORDED.get(field, field) for field in options["fields"])})
        for name, options in fieldsets
    ]


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]  # the stubs' class is generic, Django's is not
    """Django's form with its help in the reader's language: Django joins the texts before it knows that."""

    usable_password_help_text = format_lazy(  # type: ignore[assignment]  # a text that is looked up later
        '{}<ul id="id_unusable_warning" class="messagelist"><li class="warning">{}</li></ul>',
        _(
            "Whether the user will be able to authenticate using a password or not. If disabled, they may "
            "still be able to authenticate using other backends, such as Single Sign-On or LDAP."
        ),
        _("If disabled, the current password for this user will be lost."),
    )


class AccountList(ValidatedChangeList):
    """A list of users with the figures of a page, loaded in a fixed number of statements."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        attach_totals(self.result_list)


def attach_totals(users: list[Any]) -> None:
    """Set `totals` on each user and `shared`, the totals of all guests, on each guest."""
    totals = of_users([user.pk for user in users])
    shared = of_guests() if any(user.is_guest for user in users) else None
    for user in users:
        user.totals, user.shared = totals[user.pk], shared if user.is_guest else None


@admin.register(User)
class AccountAdmin(ObjectActionsMixin[User], UserAdmin[User]):
    """Users with their usage. They are erased instead of deleted, and superusers alone manage staff."""

    object_actions = (
        suspensions.SUSPEND,
        suspensions.RESTORE,
        suspensions.SIGN_OUT,
        suspensions.REMOVE_FACTORS,
        holds.HOLD,
        suspensions.ERASE,
    )
    change_form_template = "admin/chat/content_form.html"
    change_password_form = PasswordForm

    list_display = (
        "name",
        "kind",
        "threads",
        "today",
        "month",
        "left",
        "last_seen",
    )
    list_filter = ("is_guest", "is_staff", "is_superuser", "is_active", "groups")
    list_per_page = ROWS
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    search_help_text = _("Parts of user names, names and addresses")
    inlines = (rules.UserRuleInline,)
    readonly_fields = (*FIGURES, "state", _LAST_LOGIN, _JOINED)

    class Media:
        css = {"all": ["chat/css/admin/admin.css"]}
        js = ("chat/js/admin/labels.js",)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Add the chat's figures, except to the form that creates a user."""
        fieldsets = super().get_fieldsets(request, obj)
        return [*_in_words(fieldsets), (_("Chat"), {"fields": FIGURES})] if obj else fieldsets

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AccountList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> User | None:
        user = super().get_object(request, object_id, from_field)
        if user is not None:
            attach_totals([user])
        return user

    @admin.display(description=_("user"), ordering="username")
    def name(self, user: User) -> str:
        return format_name(user.username)

    @admin.display(description=_("kind"))
    def kind(self, user: User) -> str:
        """Return the rights of the account in one word, and its state if it cannot sign in."""
        rights = _("superuser") if user.is_superuser else _("staff") if user.is_staff else _("user")
        kind = str(_("guest") if user.is_guest else rights)
        return kind if user.is_active else format_html("{} {}", kind, badge("failed", self.state(user)))

    @admin.display(description=_("state"))
    def state(self, user: User) -> str:
        if user.erasing_since is not None:
            return gettext("being erased")
        if user.is_active and user.sign_in_required:
            return gettext("ended by the provider until the next sign-in")
        return gettext("active") if user.is_active else gettext("suspended")

    @admin.display(description=_("threads"))
    def threads(self, user: Any) -> str:
        address = reverse("admin:chat_thread_changelist", query={"owner__id__exact": user.pk})
        return format_html('<a href="{}">{}</a>', address, format_number(user.totals.threads))

    @admin.display(description=_("tokens today"))
    def today(self, user: Any) -> str:
        return format_usage(user.totals.today)

    @admin.display(description=_("tokens in 30 days"))
    def month(self, user: Any) -> str:
        return format_usage(user.totals.month)

    @admin.display(description=_("quotas left"))
    def left(self, user: Any) -> str:
        """Return the remaining amount of each quota that is set; guests share theirs."""
        return " · ".join(quotas_left(user.totals, user.shared)) or "-"

    @admin.display(description=_("last seen"))
    def last_seen(self, user: Any) -> str:
        """Return the later of the last sign-in and the last activity in a thread."""
        return format_time(
            max(filter(None, (user.last_login, user.totals.last_activity)), default=None), gettext("never")
        )

    @admin.display(description=_("API tokens"))
    def tokens(self, user: Any) -> str:
        address = reverse("admin:chat_apitoken_changelist", query={"user__id__exact": user.pk})
        return format_html('<a href="{}">{}</a>', address, user.totals.tokens)

    @admin.display(description=_("signed in"))
    def sessions(self, user: User) -> str:
        """Return the number of sessions and the last expiry; never a session's key, which grants access."""
        listed = sessions.sessions_of(user)
        text = (
            gettext("%(number)s sessions") if listed.whole else gettext("%(number)s of the newest sessions")
        )
        number = text % {"number": len(listed.expire)}
        until = f"{listed.expire[0]:%Y-%m-%d %H:%M}" if listed.expire else ""
        return " ".join((f"{number},", gettext("until"), until)) if until else number

    @admin.display(description=_("what applies"))
    def applies(self, user: User) -> str:
        return rules.describe_rights(user)

    @admin.display(description=_("sign-ins"))
    def sign_ins(self, user: User) -> str:
        address = reverse("admin:chat_signinrecord_changelist", query={"user__id__exact": user.pk})
        return format_html('<a href="{}">{}</a>', address, gettext("Show"))

    @admin.display(description=_("legal hold"))
    def held(self, user: User) -> str:
        return holds.describe_holds(user)

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        """Leave the rule out of the form that creates a user, and of a guest's page."""
        return self.inlines if obj is not None and not obj.is_guest else ()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        rules.record_changes(request, form.instance, formsets)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else (*fields, *PRIVILEGES)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Allow staff who are no superusers to change themselves, and users who are no staff."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj == request.user or suspensions.can_manage(request, obj))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Search storable text: the choice of a token's user passes the term on unchecked."""
        return super().get_search_results(request, queryset, storable(search_term))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return not lookup.startswith(CONTENT) and super().lookup_allowed(lookup, value, request)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Refuse passwords of others except to superusers: signing in as another user leaves no entry in the audit log."""
        if not (request.user.is_superuser or id == str(request.user.pk)):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)
