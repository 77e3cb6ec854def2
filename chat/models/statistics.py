"""Roll-ups for the dashboard: calls by the hour, times to the first token, users by the day; and refused prompts.

All except `QuotaHit` can be rebuilt from the calls, see `chat.reporting.rollups`. Owners are keys of rows that may be deleted.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class UsageHour(models.Model):
    """Usage of one model by the calls that began within an hour, one row for each outcome and currency.

    `error_code`: "" for done, else the error's code, `stopped` or `lost`. `responses`: those that began with one of these
    calls. `reasoning_tokens` and `cached_tokens` are those that providers counted. `currency` is "" if the model had no price;
    then `cost` is 0.
    """

    hour = models.DateTimeField()
    model = models.CharField(max_length=64)
    error_code = models.CharField(db_column="trouble", max_length=32, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    responses = models.IntegerField()
    calls = models.IntegerField()
    prompt_tokens = models.BigIntegerField()
    completion_tokens = models.BigIntegerField()
    reasoning_tokens = models.BigIntegerField(db_default=0, default=0)
    cached_tokens = models.BigIntegerField(db_default=0, default=0)
    cost = models.DecimalField(max_digits=24, decimal_places=9)

    class Meta:
        default_permissions = ()
        permissions = [
            ("view_dashboard", "Can see the dashboard, and which models and tools there are"),
            ("probe_model", "Can send a probe to a model"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["hour", "model", "error_code", "currency"], name="usage_hour")
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.hour:%Y-%m-%d %H}h"


class TimeToFirstToken(models.Model):
    """Time to the first token, in seconds, of calls that began within an hour or a day. `model` "" stands for all."""

    daily = models.BooleanField()
    start = models.DateTimeField()
    model = models.CharField(max_length=64, blank=True)
    calls = models.IntegerField()
    p50 = models.FloatField()
    p95 = models.FloatField()

    class Meta:
        db_table = "chat_firsttokens"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["daily", "start", "model"], name="first_tokens")]

    def __str__(self) -> str:
        return f"{self.model or 'all'} {self.start:%Y-%m-%d %H}h"


class UserDay(models.Model):
    """Usage of one user by the calls that began on a day (UTC)."""

    day = models.DateField()
    owner = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    responses = models.IntegerField()
    tokens = models.BigIntegerField()
    cost = models.DecimalField(max_digits=24, decimal_places=9)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["day"], name="user_day")]

    def __str__(self) -> str:
        return f"#{self.owner} {self.day}"


class RollupState(models.Model):
    """The single row with the end of the rolled-up hours, and an MD5 of the prices that were used."""

    until = models.DateTimeField()
    prices = models.CharField(max_length=32)

    class Meta:
        db_table = "chat_addedup"
        default_permissions = ()

    def __str__(self) -> str:
        return f"until {self.until:%Y-%m-%d %H}h"


class QuotaHit(models.Model):
    """Count of a user's prompts that one quota refused within an hour."""

    hour = models.DateTimeField()
    quota = models.CharField(max_length=32)
    owner = models.BigIntegerField()
    hits = models.IntegerField(db_default=1, default=1)
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["hour", "quota", "owner"], name="quota_hit")]

    def __str__(self) -> str:
        return f"{self.quota} #{self.owner} {self.hour:%Y-%m-%d %H}h: {self.hits}"
