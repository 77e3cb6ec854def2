"""Rules that say what a group or a user may use: models, tools, budgets, retention."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.lookups import Exact
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.models.accounts import User

# A thousand users' year of tokens; a larger number is a slip.
MAX_BUDGET = 10**12

# The smallest amount of money that the table keeps.
LEAST_MONEY = Decimal("0.0001")

# Days; a century.
MAX_DAYS = 36_500

BUDGETS = (
    "responses_per_hour",
    "tokens_per_day",
    "tokens_per_month",
    "money_per_day",
    "money_per_month",
)

_OTHER_THAN_A_RULE = Func(
    F("tool_rules"),
    Value('strict $.* ? (@.type() != "string" || !(@ like_regex "^(allow|ask|staff|deny)$"))'),
    template="jsonb_path_exists(%(expressions)s::jsonpath)",
    output_field=models.BooleanField(),
)
_TYPE_OF_TOOLS = Func(F("tool_rules"), function="jsonb_typeof", output_field=models.TextField())


def _at_least(number: int | Decimal, *fields: str) -> Q:
    """Return the condition that each of the fields is null, or from `number` to MAX_BUDGET."""
    within = Q()
    for field in fields:
        within &= Q(**{field: None}) | Q(**{f"{field}__gte": number, f"{field}__lte": MAX_BUDGET})
    return within


def _budget(of: Any, **more: Any) -> Any:
    validators = [MinValueValidator(1), MaxValueValidator(MAX_BUDGET)]
    return models.BigIntegerField(of, null=True, blank=True, validators=validators, **more)


def _money(of: Any, **more: Any) -> Any:
    validators = [MinValueValidator(LEAST_MONEY), MaxValueValidator(MAX_BUDGET)]
    return models.DecimalField(
        of, max_digits=16, decimal_places=4, null=True, blank=True, validators=validators, **more
    )


class UsageRule(models.Model):
    """The rule of a group, which holds for each of its members, or of one user; an empty field says nothing.

    `model_names`: names or patterns of them. `tool_rules`: as in CHAT_TOOL_POLICY, a rule for each name or pattern.
    `shared`: the budgets of a group are those of all its members together. Amounts of money are in `currency`. The database
    deletes the row with its group or user.
    """

    group = models.OneToOneField(
        Group, models.CASCADE, null=True, blank=True, related_name="usage_rule", db_constraint=False
    )
    user = models.OneToOneField(
        User, models.CASCADE, null=True, blank=True, related_name="usage_rule", db_constraint=False
    )
    model_names = ArrayField(
        models.CharField(max_length=64), verbose_name=_("model names"), null=True, blank=True
    )
    tool_rules = models.JSONField(_("tool rules"), null=True, blank=True)
    responses_per_hour = _budget(_("responses an hour"))
    tokens_per_day = _budget(_("tokens a day"))
    tokens_per_month = _budget(_("tokens a month"), help_text=_("In 30 days."))
    money_per_day = _money(_("money a day"))
    money_per_month = _money(_("money a month"), help_text=_("In 30 days."))
    currency = models.CharField(
        _("currency"),
        max_length=3,
        blank=True,
        default="",
        db_default="",
        validators=[RegexValidator(r"^[A-Z]{3}$")],
        help_text=_("Three capital letters, as in the table of prices."),
    )
    shared = models.BooleanField(
        _("shared budgets"),
        default=False,
        db_default=False,
        help_text=_("The budgets are of all members together, not of each."),
    )
    retention_days = models.PositiveIntegerField(
        _("retention days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_DAYS)],
        help_text=_("Days after its last use for which a chat is kept."),
    )

    class Meta:
        verbose_name, verbose_name_plural = _("rule"), _("rules")
        default_permissions = ("view",)  # superusers alone change them, as they do groups
        constraints = [
            models.CheckConstraint(
                condition=Q(group=None, user__isnull=False) | Q(group__isnull=False, user=None),
                name="rule_of_group_or_user",
            ),
            models.CheckConstraint(
                condition=Q(model_names=None) | Q(model_names__len__gt=0), name="rule_models"
            ),
            models.CheckConstraint(
                condition=Q(tool_rules__isnull=True)
                | (Q(Exact(_TYPE_OF_TOOLS, Value("object"))) & ~Q(_OTHER_THAN_A_RULE)),
                name="rule_tools",
                violation_error_message=_(
                    "Tools are an object of names or patterns with allow, ask, staff or deny."
                ),
            ),
            models.CheckConstraint(condition=_at_least(1, *BUDGETS[:3]), name="rule_counts"),
            models.CheckConstraint(condition=_at_least(LEAST_MONEY, *BUDGETS[3:]), name="rule_money"),
            models.CheckConstraint(
                condition=Q(tokens_per_day=None)
                | Q(tokens_per_month=None)
                | Q(tokens_per_day__lte=F("tokens_per_month")),
                name="rule_tokens_of_day_in_month",
                violation_error_message=_("A day's tokens cannot be more than a month's."),
            ),
            models.CheckConstraint(
                condition=Q(money_per_day=None)
                | Q(money_per_month=None)
                | Q(money_per_day__lte=F("money_per_month")),
                name="rule_money_of_day_in_month",
                violation_error_message=_("A day's money cannot be more than a month's."),
            ),
            models.CheckConstraint(
                condition=Q(money_per_day=None, money_per_month=None, currency="")
                | (Q(currency__regex=r"^[A-Z]{3}$") & ~Q(money_per_day=None, money_per_month=None)),
                name="rule_currency",
                violation_error_message=_("An amount of money needs a currency, and a currency an amount."),
            ),
            models.CheckConstraint(
                condition=Q(shared=False) | Q(user=None),
                name="rule_shared_by_group",
                violation_error_message=_("A user's own budgets cannot be shared."),
            ),
            models.CheckConstraint(
                condition=Q(retention_days=None) | Q(retention_days__gte=1, retention_days__lte=MAX_DAYS),
                name="rule_retention",
            ),
        ]

    def __str__(self) -> str:
        return gettext("rule of %(name)s") % {"name": self.group.name if self.group else self.user}
