"""Usage: every call of a model, reservations of quotas, and prices. These rows outlive threads and responses."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.models.accounts import User
from chat.models.translated import TranslatedChoices


class CallOutcome(TranslatedChoices):
    """Outcomes of a call. A stopped one was cut by this server; a lost one ended with its process."""

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"


class TokenSource(TranslatedChoices):
    """Sources of a token count."""

    PROVIDER = "provider"
    ESTIMATED = "estimated"


class UpstreamCall(models.Model):
    """One call of a model, with any outcome.

    `thread` and `response` are primary keys of rows that may be deleted. `model` is the configured name, `upstream_model` the
    name that was sent. `round` counts the rounds of tools from 0, `attempt` the models tried in a round. Times are the calling
    process's, all on one monotonic clock. `system_digest` and `tools_digest` are SHA-256 (hexadecimal; "" for none), and so is
    `request_digest`, of the whole body as sent, which `chat.reporting.request_rebuild` rebuilds from `provenance`. `causes`:
    the exceptions behind a failure, `{"kind", "text"}`, outermost first; `text` only where it is public. `reasoning_tokens` are
    among the completion's, `cached_tokens` among the prompt's; null where the provider does not say.
    """

    owner = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    thread = models.BigIntegerField()
    response = models.BigIntegerField()
    model = models.CharField(max_length=64)
    upstream_model = models.CharField(max_length=200, blank=True)
    round = models.SmallIntegerField()
    attempt = models.SmallIntegerField()
    started_at = models.DateTimeField()
    first_token_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField()
    outcome = models.CharField(max_length=16, choices=CallOutcome)
    error_code = models.CharField(max_length=32, null=True, blank=True)
    prompt_tokens = models.IntegerField()
    completion_tokens = models.IntegerField()
    reasoning_tokens = models.IntegerField(null=True, blank=True)
    cached_tokens = models.IntegerField(null=True, blank=True)
    source = models.CharField(max_length=16, choices=TokenSource)
    parameters = models.JSONField(default=dict, blank=True)
    system_digest = models.CharField(max_length=64, blank=True)
    tools_digest = models.CharField(max_length=64, blank=True)
    request_digest = models.CharField(max_length=64, blank=True, db_default="", default="")
    provenance = models.JSONField(db_column="recipe", null=True, blank=True)
    causes = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["response", "round", "attempt"], name="call_once"),
            models.CheckConstraint(condition=Q(outcome__in=CallOutcome.values), name="call_outcome"),
            models.CheckConstraint(condition=Q(source__in=TokenSource.values), name="call_source"),
            models.CheckConstraint(
                condition=Q(prompt_tokens__gte=0, completion_tokens__gte=0, round__gte=0, attempt__gte=0),
                name="call_counts",
            ),
            models.CheckConstraint(
                condition=Q(finished_at__gte=F("started_at"))
                & (Q(first_token_at=None) | Q(first_token_at__range=(F("started_at"), F("finished_at")))),
                name="call_times",
            ),
            models.CheckConstraint(
                condition=Q(outcome=CallOutcome.FAILED) ^ Q(error_code=None), name="call_failed_with_code"
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "started_at"], name="call_by_owner"),
            models.Index(fields=["thread"], name="call_by_thread"),
            models.Index(fields=["started_at"], name="call_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.model} #{self.response}.{self.round}.{self.attempt}"


class QuotaReservation(models.Model):
    """A response's share of its owner's quotas: an estimate from the claim on, the real count once it is finalized.

    `response` is the primary key of a row that may be deleted, which gives nothing back. `claimed_at` is the database's time.
    """

    owner = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    guest = models.BooleanField()
    response = models.BigIntegerField(unique=True)
    tokens = models.BigIntegerField()
    finalized = models.BooleanField(db_column="settled", db_default=False, default=False)
    claimed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "chat_spending"
        constraints = [models.CheckConstraint(condition=Q(tokens__gte=0), name="spending_tokens")]
        indexes = [
            models.Index(fields=["owner", "claimed_at"], name="spending_by_owner"),
            models.Index(fields=["claimed_at"], condition=Q(guest=True), name="spending_of_guests"),
        ]

    def __str__(self) -> str:
        return f"#{self.response}: {self.tokens} tokens"


class Price(models.Model):
    """The price of a model from a moment on, until the next price of the same model."""

    model = models.CharField(max_length=64, help_text=_("The configured name: c1, openassistant, …"))
    valid_from = models.DateTimeField()
    prompt_price = models.DecimalField(
        "price of the prompt",
        max_digits=12,
        decimal_places=6,
        validators=[MinValueValidator(0)],
        help_text=_("Per million tokens."),
    )
    completion_price = models.DecimalField(
        "price of the completion",
        max_digits=12,
        decimal_places=6,
        validators=[MinValueValidator(0)],
        help_text=_("Per million tokens."),
    )
    cached_price = models.DecimalField(
        "price of cached prompt tokens",
        max_digits=12,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Per million tokens; empty: the price of the prompt."),
    )
    currency = models.CharField(
        max_length=3, default="USD", help_text=_("Three capital letters, as ISO 4217 has them.")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "valid_from"], name="price_from"),
            models.CheckConstraint(
                condition=Q(prompt_price__gte=0, completion_price__gte=0), name="price_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(cached_price=None) | Q(cached_price__gte=0), name="price_cached_not_negative"
            ),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="price_currency"),
        ]

    def __str__(self) -> str:
        values = {"model": self.model, "date": f"{self.valid_from:%Y-%m-%d}"}
        return gettext("%(model)s from %(date)s") % values
