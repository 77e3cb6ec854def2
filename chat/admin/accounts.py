"""Users, and the bearer tokens of their programs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from chat.accounts import sessions
from chat.admin import holds
from chat.admin.actions import suspensions
from chat.admin.actions.object_actions import ObjectActionsMixin
from chat.admin.lists.formatting import format_time, quotas_left, taken
from chat.admin.readonly import ROWS
from chat.models import ApiToken, User
from chat.reporting.usage_totals import of_guests, of_users

PRIVILEGES = ("is_staff", "is_superuser", "groups", "user_permissions")  # given by superusers alone

FIGURES = ("is_guest", "threads", "today", "month", "left", "tokens", "sessions", "held", "last_seen")


class AccountList(ChangeList):
    """Each page's figures come in a fixed number of statements."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        attach_totals(self.result_list)


def attach_totals(users: list[Any]) -> None:
    """Give the users what they took, and the guests among them what all guests took together."""
    totals = of_users([user.pk for user in users])
    shared = of_guests() if any(user.is_guest for user in users) else None
    for user in users:
        user.totals, user.shared = totals[user.pk], shared if user.is_guest else None


@admin.register(User)
class AccountAdmin(ObjectActionsMixin[User], UserAdmin[User]):
    """Django's own, with guests told apart. Users are not deleted but erased, and staff make no other staff."""

    object_actions = (
        suspensions.SUSPEND,
        suspensions.RESTORE,
        suspensions.SIGN_OUT,
        holds.HOLD,
        suspensions.ERASE,
    )
    change_form_template = "admin/chat/content_form.html"

    list_display = (
        "username",
        "is_guest",
        "is_staff",
        "is_active",
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
    search_help_text = "Parts of user names, names and addresses"
    readonly_fields = (*FIGURES, "is_active", "last_login", "date_joined")

    class Media:
        css = {"all": ["chat/admin.css"]}

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """The form that makes a user has nothing of the chat's yet."""
        usual = super().get_fieldsets(request, obj)
        return [*usual, ("Chat", {"fields": FIGURES})] if obj else usual

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AccountList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> User | None:
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            attach_totals([found])
        return found

    @admin.display(description="threads")
    def threads(self, user: Any) -> str:
        address = reverse("admin:chat_thread_changelist", query={"owner__id__exact": user.pk})
        return format_html('<a href="{}">{}</a>', address, f"{user.totals.threads:,}")

    @admin.display(description="tokens today")
    def today(self, user: Any) -> str:
        return taken(user.totals.today)

    @admin.display(description="tokens in 30 days")
    def month(self, user: Any) -> str:
        return taken(user.totals.month)

    @admin.display(description="quotas left")
    def left(self, user: Any) -> str:
        """What is left of each quota that is set; guests share theirs."""
        return " · ".join(quotas_left(user.totals, user.shared)) or "-"

    @admin.display(description="last seen")
    def last_seen(self, user: Any) -> str:
        """The later of the last sign-in and the last activity in a thread."""
        return format_time(max(filter(None, (user.last_login, user.totals.last_activity)), default=None))

    @admin.display(description="API tokens")
    def tokens(self, user: Any) -> str:
        address = reverse("admin:chat_apitoken_changelist", query={"user__id__exact": user.pk})
        return format_html('<a href="{}">{}</a>', address, user.totals.tokens)

    @admin.display(description="signed in")
    def sessions(self, user: User) -> str:
        """How often, and until when the last session lasts; never a session's key, which is a password."""
        found = sessions.sessions_of(user)
        number = f"{len(found.expire)}{'' if found.whole else ' of the newest'} sessions"
        return f"{number}, until {found.expire[0]:%Y-%m-%d %H:%M}" if found.expire else number

    @admin.display(description="legal hold")
    def held(self, user: User) -> str:
        return holds.describe_holds(user)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        usual = super().get_readonly_fields(request, obj)
        return usual if request.user.is_superuser else (*usual, *PRIVILEGES)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Of staff, others than superusers change nobody but themselves."""
        usual = super().has_change_permission(request, obj)
        return usual and (obj is None or obj == request.user or suspensions.can_manage(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Who sets another's password can read all that is theirs, and nothing would say who did."""
        if not (request.user.is_superuser or id == str(request.user.pk)):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin[ApiToken]):
    """Tokens are made and revoked. The token itself is shown once, to the person who makes it."""

    list_display = ("__str__", "user", "created_at")
    list_select_related = ("user",)
    list_per_page = ROWS
    show_full_result_count = False
    search_fields = ("name", "user__username")
    ordering = ("-pk",)
    autocomplete_fields = ("user",)

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> tuple[str, ...]:
        """Only superusers make tokens for others: a token is all that its user is."""
        if obj:
            return ("user", "name", "created_at")
        return ("user", "name") if request.user.is_superuser else ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        return super().get_queryset(request).defer("digest")

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """A filter by digest would tell it, letter by letter."""
        return not lookup.startswith("digest") and super().lookup_allowed(lookup, value, request)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        if not request.user.is_superuser:
            obj.user_id = int(request.user.pk or 0)
        token = ApiToken.issue(obj.user, obj.name)
        obj.pk = ApiToken.objects.values_list("pk", flat=True).get(digest=ApiToken.digest_of(token))
        self.message_user(request, f"The token, shown only this once: {token}", messages.WARNING)
