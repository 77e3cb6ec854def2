"""Rename models and fields in Python alone: every table, column, index and constraint keeps its name."""

import django.contrib.postgres.search
import django.db.models.functions.text
from django.db import migrations, models


def _renamed_model(old, new):
    return [
        migrations.AlterModelTable(name=old.lower(), table=f'chat_{old.lower()}'),
        migrations.RenameModel(old_name=old, new_name=new),
    ]


def _renamed_field(model, old, new, field):
    """`field` names the old column, so that only the state changes."""
    return [
        migrations.AlterField(model_name=model, name=old, field=field),
        migrations.RenameField(model_name=model, old_name=old, new_name=new),
    ]


FIELDS = [
    *_renamed_field('chunk', 'marks', 'timings', models.BinaryField(db_column='marks', db_default=b'', default=b'')),
    *_renamed_field('message', 'readable', 'plain_text', models.TextField(blank=True, db_column='readable', db_default='')),
    *_renamed_field('quotareservation', 'settled', 'finalized', models.BooleanField(db_column='settled', db_default=False, default=False)),
    *_renamed_field('thread', 'titled_by_person', 'has_custom_title', models.BooleanField(db_column='titled_by_person', db_default=False, default=False)),
    *_renamed_field('thread', 'withdrawn_at', 'soft_deleted_at', models.DateTimeField(blank=True, db_column='withdrawn_at', null=True)),
    *_renamed_field('upstreamcall', 'recipe', 'provenance', models.JSONField(blank=True, db_column='recipe', null=True)),
    *_renamed_field('usagehour', 'trouble', 'error_code', models.CharField(blank=True, db_column='trouble', max_length=32)),
]

# What refers to a renamed field by its name.
REFERENCES = [
    migrations.AlterField(
        model_name='message',
        name='search',
        field=models.GeneratedField(db_persist=True, expression=django.contrib.postgres.search.SearchVector(django.db.models.functions.text.Left('plain_text', 100000), config='simple'), output_field=django.contrib.postgres.search.SearchVectorField()),
    ),
    migrations.RemoveIndex(model_name='thread', name='thread_withdrawn'),
    migrations.AddIndex(
        model_name='thread',
        index=models.Index(condition=models.Q(('soft_deleted_at__isnull', False)), fields=['soft_deleted_at'], name='thread_withdrawn'),
    ),
    migrations.RemoveConstraint(model_name='usagehour', name='usage_hour'),
    migrations.AddConstraint(
        model_name='usagehour',
        constraint=models.UniqueConstraint(fields=('hour', 'model', 'error_code', 'currency'), name='usage_hour'),
    ),
]


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0008_lists'),
    ]

    operations = [
        *_renamed_model('AccessRecord', 'AuditLogEntry'),
        *_renamed_model('AddedUp', 'RollupState'),
        *_renamed_model('Attempt', 'LoginAttempt'),
        *_renamed_model('FirstTokens', 'TimeToFirstToken'),
        *_renamed_model('Spending', 'QuotaReservation'),
        *_renamed_model('Told', 'PromptBlob'),
        migrations.AlterModelOptions(name='promptblob', options={'verbose_name_plural': 'prompt blobs'}),
        migrations.AlterModelOptions(
            name='auditlogentry',
            options={'default_permissions': (), 'permissions': [('view_accessrecord', 'Can view access record')], 'verbose_name_plural': 'audit log entries'},
        ),
        migrations.SeparateDatabaseAndState(state_operations=[*FIELDS, *REFERENCES]),
    ]
