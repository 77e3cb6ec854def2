"""Groups of users, with their rules: superusers alone change them, because a group's permissions are privileges."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from chat.admin import rules
from chat.admin.lists.formatting import format_number
from chat.admin.lists.lookups import ValidatedChangeList

# `django.contrib.auth.admin`, imported above, registers a page of its own.
admin.site.unregister(Group)


@admin.register(Group)
class PrivilegeGroupAdmin(GroupAdmin):
    inlines = (rules.GroupRuleInline,)
    list_display = ("name", "members", "rule")

    class Media:
        js = ("chat/js/admin/labels.js",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ValidatedChangeList]:
        return ValidatedChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).select_related("usage_rule").annotate(size=Count("user"))

    @admin.display(description=_("members"), ordering="size")
    def members(self, group: Any) -> str:
        address = reverse("admin:chat_user_changelist", query={"groups__id__exact": group.pk})
        return format_html('<a href="{}">{}</a>', address, format_number(group.size))

    @admin.display(description=_("rule"))
    def rule(self, group: Group) -> str:
        """Return the parts on which the group's rule says something."""
        return rules.summary(getattr(group, "usage_rule", None))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        rules.record_changes(request, form.instance, formsets)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)
