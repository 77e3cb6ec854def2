"""Responses that wait for a person, and their requests.

The older program never begins to wait. It takes a response that waits for one that has ended.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Now

# Whichever program deletes a response, its requests go with it.
DELETE = """
ALTER TABLE chat_personrequest ADD CONSTRAINT request_response_gone
    FOREIGN KEY (response_id) REFERENCES chat_response ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""
KEEP = "ALTER TABLE chat_personrequest DROP CONSTRAINT request_response_gone;"

# The planner's statistics quote rows, and outlive them: no redaction could renew them.
QUOTE_NOTHING = """
ALTER TABLE chat_personrequest ALTER tool SET STATISTICS 0, ALTER call_id SET STATISTICS 0,
    ALTER arguments SET STATISTICS 0, ALTER schema SET STATISTICS 0, ALTER message SET STATISTICS 0,
    ALTER answer SET STATISTICS 0;
"""

STATUSES = ['queued', 'streaming', 'waiting', 'done', 'failed', 'stopped', 'interrupted']
KINDS = ['approve', 'ask', 'client']
OUTCOMES = ['approved', 'rejected', 'answered', 'expired', 'cancelled']


def ends_once(active):
    return models.CheckConstraint(
        condition=(
            Q(status__in=active, kept_offset=None, finished_at=None)
            | (~Q(status__in=active) & Q(kept_offset__isnull=False, finished_at__isnull=False))
        ),
        name='response_ends_once',
    )


def choices(values):
    return [(value, value.capitalize()) for value in values]


class Migration(migrations.Migration):

    dependencies = [('chat', '0017_unlisted_threads')]

    operations = [
        migrations.AddField('response', 'active_ms', models.BigIntegerField(db_default=0, default=0)),
        migrations.AlterField('response', 'status', models.CharField(choices=choices(STATUSES), max_length=16)),
        migrations.RemoveConstraint('response', 'response_status'),
        migrations.AddConstraint(
            'response', models.CheckConstraint(condition=Q(status__in=STATUSES), name='response_status')
        ),
        migrations.RemoveConstraint('response', 'response_ends_once'),
        migrations.AddConstraint('response', ends_once(('queued', 'streaming', 'waiting'))),
        migrations.RemoveConstraint('response', 'one_active_per_thread'),
        migrations.AddConstraint(
            'response',
            models.UniqueConstraint(
                fields=['thread'], condition=Q(status__in=('streaming', 'waiting')), name='one_active_per_thread'
            ),
        ),
        migrations.RemoveIndex('response', 'response_active'),
        migrations.AddIndex(
            'response',
            models.Index(
                fields=['owner'], condition=Q(status__in=('queued', 'streaming', 'waiting')), name='response_active'
            ),
        ),
        migrations.CreateModel(
            name='PersonRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(max_length=128)),
                ('number', models.IntegerField()),
                ('kind', models.CharField(choices=choices(KINDS), max_length=16)),
                ('tool', models.TextField()),
                ('call_id', models.TextField()),
                ('arguments', models.TextField(blank=True, null=True)),
                ('schema', models.TextField(blank=True, null=True)),
                ('message', models.TextField(blank=True, db_default='', default='')),
                ('editable', models.BooleanField(db_default=False, default=False)),
                ('text_offset', models.BigIntegerField()),
                ('thinking_offset', models.BigIntegerField()),
                ('round', models.IntegerField()),
                ('ends_before', models.IntegerField()),
                ('created_at', models.DateTimeField(db_default=Now())),
                ('deadline', models.DateTimeField()),
                ('outcome', models.CharField(blank=True, choices=choices(OUTCOMES), max_length=16, null=True)),
                ('answer', models.TextField(blank=True, null=True)),
                ('for_thread', models.BooleanField(db_default=False, default=False)),
                ('answer_number', models.IntegerField(blank=True, null=True)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                (
                    'answered_by',
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name='+',
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    'response',
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name='requests',
                        to='chat.response',
                    ),
                ),
            ],
            options={
                'default_permissions': ('view',),
                'indexes': [
                    models.Index(condition=Q(outcome=None), fields=['deadline'], name='request_by_deadline'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('response', 'number'), name='request_number'),
                    models.UniqueConstraint(fields=('response', 'answer_number'), name='request_answer_number'),
                    models.CheckConstraint(condition=Q(kind__in=KINDS), name='request_kind'),
                    models.CheckConstraint(
                        condition=Q(outcome=None) | Q(outcome__in=OUTCOMES), name='request_outcome'
                    ),
                    models.CheckConstraint(
                        condition=(
                            Q(outcome=None, answered_at=None, answer_number=None, answer=None)
                            | Q(outcome__isnull=False, answered_at__isnull=False, answer_number__isnull=False)
                        ),
                        name='request_ends_once',
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            number__gte=0, round__gte=0, text_offset__gte=0, thinking_offset__gte=0, ends_before__gte=0
                        ),
                        name='request_place',
                    ),
                ],
            },
        ),
        migrations.RunSQL([DELETE, QUOTE_NOTHING], [KEEP]),
    ]
