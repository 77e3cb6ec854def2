"""What the dashboard adds up once and keeps: calls by the hour, waits for a first token, users by the day; and refused prompts.

All but `QuotaHit` can be made again from the calls: see `chat.reporting.rollups`. Owners are keys of rows that may be gone.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class UsageHour(models.Model):
    """What the calls of one model took that began within an hour, those that ended alike together.

    `trouble`: "" for done, else the error's code, `stopped` or `lost`. `responses`: those that began with one of these calls.
    `currency` is "" where the model had no price; then `cost` is 0.
    """

    hour = models.DateTimeField()
    model = models.CharField(max_length=64)
    error_code = models.CharField(db_column="trouble", max_length=32, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    responses = models.IntegerField()
    calls = models.IntegerField()
    prompt_tokens = models.BigIntegerField()
    completion_tokens = models.BigIntegerField()
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
    """How long calls that began within an hour, or a day, took to their first token: seconds. `model` "" stands for all."""

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
    """What a user's calls took that began on a day (UTC)."""

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
    """The one row that tells up to when the hours are added up, and by which prices: an MD5 of their table."""

    until = models.DateTimeField()
    prices = models.CharField(max_length=32)

    class Meta:
        db_table = "chat_addedup"
        default_permissions = ()

    def __str__(self) -> str:
        return f"until {self.until:%Y-%m-%d %H}h"


class QuotaHit(models.Model):
    """How often a user's prompts were refused within an hour because of one quota."""

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
