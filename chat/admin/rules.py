"""Rules of groups and users: the form in which superusers write them, and what applies to a user and why."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.admin.access import audit
from chat.admin.lists.columns import format_time
from chat.admin.lists.formatting import format_amount, format_number
from chat.conf import settings
from chat.llm import config
from chat.models import BUDGETS, AuditAction, Price, UsageRule, User
from chat.permissions import rights
from chat.permissions.rights import MONEY, Rights, RuleParts
from chat.responses import budgets
from chat.responses.budgets import Budget, BudgetState

# The fields of a rule that its summary names; the currency goes with the amounts.
SUMMARISED = ("model_names", "tool_rules", *BUDGETS, "shared", "retention_days")


class ToolRulesField(forms.JSONField):
    """JSON whose absence is an empty field."""

    def prepare_value(self, value: Any) -> Any:
        return "" if value is None else super().prepare_value(value)


class UsageRuleForm(forms.ModelForm):  # type: ignore[type-arg]  # the stubs' class is generic, Django's is not
    """The fields of a rule, with the mistakes that the table of rules alone does not show."""

    class Meta:
        model = UsageRule
        exclude: tuple[str, ...] = ()
        field_classes = {"tool_rules": ToolRulesField}
        widgets = {"tool_rules": forms.Textarea(attrs={"rows": 3, "cols": 60})}
        help_texts = {
            "model_names": _("Names or patterns, separated by commas: c1, local-*. Empty: all."),
            "tool_rules": format_lazy(
                "{} {}",
                _("Tools or patterns, each with allow, ask, staff or deny; empty: no rule. Such as"),
                '{"wiki_*": "ask"}',
            ),
        }

    def clean_model_names(self) -> list[str] | None:
        """Refuse a name that no model has: a typing error would leave the members without one."""
        names: list[str] = self.cleaned_data["model_names"] or []
        for name in names:
            if not any(fnmatchcase(known, name) for known in config.names()):
                raise ValidationError(
                    _("No model is named %(name)s. Known: %(known)s."),
                    params={"name": name, "known": ", ".join(config.names())},
                )
        return names or None

    def clean_currency(self) -> str:
        """Refuse a currency without a price: a budget in it would leave the members no model."""
        currency: str = self.cleaned_data["currency"]
        if currency and not Price.objects.filter(currency=currency).exists():
            raise ValidationError(_("No model has a price in %(currency)s."), params={"currency": currency})
        return currency


class _RuleInline(admin.StackedInline[UsageRule, Any]):
    model = UsageRule
    form = UsageRuleForm
    verbose_name_plural = _("What may be used")
    can_delete = True

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Refuse further forms before they are built: Django builds a thousand, which take seconds and 23 MiB."""
        return super().get_formset(request, obj, absolute_max=1, **kwargs)


class GroupRuleInline(_RuleInline):
    """The rule of a group, on its page."""

    exclude = ("user",)


class UserRuleInline(_RuleInline):
    """A user's own rule, on the user's page."""

    exclude = ("group", "shared")


def record_changes(request: HttpRequest, obj: Model, formsets: Iterable[Any]) -> None:
    """Record in the audit log that the rule of a group or user was changed."""
    if any(formset.model is UsageRule and formset.has_changed() for formset in formsets):
        audit.record(request, AuditAction.RULED, obj)


def summary(rule: UsageRule | None) -> str:
    """Return the parts on which a rule says something."""
    if rule is None:
        return "-"
    said = [_field_name(name) for name in SUMMARISED if getattr(rule, name) not in (None, False)]
    return ", ".join(said) or "-"


def _field_name(field: str) -> str:
    return str(UsageRule._meta.get_field(field).verbose_name)  # type: ignore[union-attr]  # a field with a column


def describe_rights(user: User) -> str:
    """Return what applies to a user, why, and what is left, as a table."""
    own = rights.of_user(user.pk)
    rows = [
        (gettext("models"), ", ".join(own.models) or gettext("none"), _sources(own, "model_names")),
        *_tool_rows(own),
        *(_budget_row(state) for state in budgets.states(user.pk, own)),
        (gettext("retention"), _retention(user, own), _sources(own, "retention_days")),
    ]
    body = format_html_join("", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>", rows)
    titles = gettext("what"), gettext("applies"), gettext("because of")
    head = format_html("<tr><th>{}</th><th>{}</th><th>{}</th></tr>", *titles)
    return format_html("<table><thead>{}</thead><tbody>{}</tbody></table>", head, body)


def _sources(own: Rights, part: str) -> str:
    return ", ".join(map(_source, own.saying(part))) or gettext("the server's settings")


def _source(rule: RuleParts) -> str:
    return gettext("the user's own rule") if rule.group is None else _of_group(rule.group)


def _of_group(name: str | None) -> str:
    return gettext("the group %(name)s") % {"name": name}


def _tool_rows(own: Rights) -> list[tuple[str, str, str]]:
    return [
        (gettext("tools %(pattern)s") % {"pattern": pattern}, said, _source(rule))
        for rule in own.saying("tool_rules")
        for pattern, said in (rule.tool_rules or {}).items()
    ]


def _budget_row(state: BudgetState) -> tuple[str, str, str]:
    budget = state.budget
    left, limit = (
        format_amount(amount, budget.currency) if budget.part in MONEY else format_number(amount)  # type: ignore[arg-type]
        for amount in (state.left, budget.limit)
    )
    applies = gettext("%(left)s of %(limit)s left") % {"left": left, "limit": limit}
    if state.renews_at:
        applies = format_html("{}, {} {}", applies, gettext("more"), format_time(state.renews_at))
    return _field_name(budget.part), applies, _budget_source(budget)


def _budget_source(budget: Budget) -> str:
    if budget.source == "server":
        return gettext("the server's settings")
    if budget.source == "user":
        return gettext("the user's own rule")
    together = " " + gettext("(all members together)") if budget.shared else ""
    return f"{_of_group(budget.group)}{together}"


def _retention(user: User, own: Rights) -> str:
    server = settings.guests_retention_days if user.is_guest else settings.retention_days
    ruled = max((rule.retention_days or 0 for rule in own.saying("retention_days")), default=0)
    days = min(filter(None, (server, ruled)), default=0)
    return gettext("%(number)s days") % {"number": format_number(days)} if days else gettext("kept")
