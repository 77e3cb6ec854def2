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

from chat.admin.access import audit
from chat.admin.lists.columns import format_time
from chat.admin.lists.formatting import format_amount
from chat.conf import settings
from chat.llm import config
from chat.models import BUDGETS, AuditAction, Price, UsageRule, User
from chat.permissions import rights
from chat.permissions.rights import MONEY, Rights, RuleParts
from chat.responses import budgets
from chat.responses.budgets import BudgetState

# The fields of a rule that its summary names; the currency goes with the amounts.
SUMMARISED = ("model_names", "tool_rules", *BUDGETS, "shared", "retention_days")


class UsageRuleForm(forms.ModelForm):  # type: ignore[type-arg]  # the stubs' class is generic, Django's is not
    """The fields of a rule, with the mistakes that the table of rules alone does not show."""

    class Meta:
        model = UsageRule
        exclude: tuple[str, ...] = ()
        widgets = {"tool_rules": forms.Textarea(attrs={"rows": 3, "cols": 60})}
        help_texts = {
            "model_names": "Names or patterns, separated by commas: c1, local-*. Empty: all.",
            "tool_rules": 'Tools or patterns, each with allow, ask, staff or deny: {"wiki_*": "ask"}. Empty: no rule.',
        }

    def clean_model_names(self) -> list[str] | None:
        """Refuse a name that no model has: a typing error would leave the members without one."""
        names: list[str] = self.cleaned_data["model_names"] or []
        for name in names:
            if not any(fnmatchcase(known, name) for known in config.names()):
                raise ValidationError(f"No model is named {name}. Known: {', '.join(config.names())}.")
        return names or None

    def clean_currency(self) -> str:
        """Refuse a currency without a price: a budget in it would leave the members no model."""
        currency: str = self.cleaned_data["currency"]
        if currency and not Price.objects.filter(currency=currency).exists():
            raise ValidationError(f"No model has a price in {currency}.")
        return currency


class _RuleInline(admin.StackedInline[UsageRule, Any]):
    model = UsageRule
    form = UsageRuleForm
    verbose_name_plural = "What may be used"
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
    said = [name.replace("_", " ") for name in SUMMARISED if getattr(rule, name) not in (None, False)]
    return ", ".join(said) or "-"


def describe_rights(user: User) -> str:
    """Return what applies to a user, why, and what is left, as a table."""
    own = rights.of_user(user.pk)
    rows = [
        ("models", ", ".join(own.models) or "none", _sources(own, "model_names")),
        *_tool_rows(own),
        *(_budget_row(state) for state in budgets.states(user.pk, own)),
        ("retention", _retention(user, own), _sources(own, "retention_days")),
    ]
    body = format_html_join("", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>", rows)
    head = format_html("<tr><th>{}</th><th>{}</th><th>{}</th></tr>", "what", "applies", "because of")
    return format_html("<table><thead>{}</thead><tbody>{}</tbody></table>", head, body)


def _sources(own: Rights, part: str) -> str:
    return ", ".join(map(_source, own.saying(part))) or "the server's settings"


def _source(rule: RuleParts) -> str:
    return "the user's own rule" if rule.group is None else f"the group {rule.group}"


def _tool_rows(own: Rights) -> list[tuple[str, str, str]]:
    return [
        (f"tools {pattern}", said, _source(rule))
        for rule in own.saying("tool_rules")
        for pattern, said in (rule.tool_rules or {}).items()
    ]


def _budget_row(state: BudgetState) -> tuple[str, str, str]:
    budget = state.budget
    left, limit = (
        format_amount(amount, budget.currency) if budget.part in MONEY else f"{amount:,}"  # type: ignore[arg-type]
        for amount in (state.left, budget.limit)
    )
    renewal = format_html(", more {}", format_time(state.renews_at)) if state.renews_at else ""
    source = {"server": "the server's settings", "user": "the user's own rule"}.get(budget.source)
    together = " (all members together)" if budget.shared else ""
    applies = format_html("{} of {} left{}", left, limit, renewal)
    return budget.part.replace("_", " "), applies, source or f"the group {budget.group}{together}"


def _retention(user: User, own: Rights) -> str:
    server = settings.guests_retention_days if user.is_guest else settings.retention_days
    ruled = max((rule.retention_days or 0 for rule in own.saying("retention_days")), default=0)
    days = min(filter(None, (server, ruled)), default=0)
    return f"{days:,} days" if days else "kept"
