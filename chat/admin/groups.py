"""Groups of users: superusers alone change them, because a group's permissions are privileges of its members."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from chat.admin.lists.lookups import ValidatedChangeList

# `django.contrib.auth.admin`, imported above, registers a page of its own.
admin.site.unregister(Group)


@admin.register(Group)
class PrivilegeGroupAdmin(GroupAdmin):
    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ValidatedChangeList]:
        return ValidatedChangeList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)
