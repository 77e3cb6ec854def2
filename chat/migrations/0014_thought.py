"""Thought, tool calls as clients see them, provider fields, and counts of reasoning and cached tokens.

Old code neither reads nor writes any of it: all columns are nullable or have a default in the database.
"""

import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0013_share_revocations'),
    ]

    operations = [
        migrations.CreateModel(
            name='ThoughtChunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start', models.BigIntegerField()),
                ('stop', models.BigIntegerField()),
                ('text_offset', models.BigIntegerField()),
                ('data', models.BinaryField()),
                ('timings', models.BinaryField(db_default=b'', default=b'')),
            ],
        ),
        migrations.CreateModel(
            name='ToolUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.IntegerField()),
                ('round', models.IntegerField()),
                ('call_id', models.TextField()),
                ('name', models.TextField()),
                ('text_offset', models.BigIntegerField()),
                ('thinking_offset', models.BigIntegerField()),
                ('state', models.CharField(choices=[('started', 'Started'), ('done', 'Done'), ('failed', 'Failed')], max_length=16)),
            ],
        ),
        migrations.AddField(
            model_name='message',
            name='provider_fields',
            field=models.TextField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='price',
            name='cached_price',
            field=models.DecimalField(blank=True, decimal_places=6, help_text='Per million tokens; empty: the price of the prompt.', max_digits=12, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='price of cached prompt tokens'),
        ),
        migrations.AddField(
            model_name='response',
            name='cached_tokens',
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='response',
            name='effort',
            field=models.CharField(blank=True, max_length=32, null=True),
        ),
        migrations.AddField(
            model_name='response',
            name='reasoning_tokens',
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='response',
            name='thinking_length',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='response',
            name='thinking_ms',
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='response',
            name='tool_changes',
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='upstreamcall',
            name='cached_tokens',
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='upstreamcall',
            name='reasoning_tokens',
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('cached_price', None), ('cached_price__gte', 0), _connector='OR'), name='price_cached_not_negative'),
        ),
        migrations.AddField(
            model_name='thoughtchunk',
            name='response',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='thought_chunks', to='chat.response'),
        ),
        migrations.AddField(
            model_name='tooluse',
            name='response',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tool_uses', to='chat.response'),
        ),
        migrations.AddConstraint(
            model_name='thoughtchunk',
            constraint=models.UniqueConstraint(fields=('response', 'start'), name='thought_start'),
        ),
        migrations.AddConstraint(
            model_name='thoughtchunk',
            constraint=models.CheckConstraint(condition=models.Q(('stop', django.db.models.expressions.CombinedExpression(models.F('start'), '+', models.Func('data', function='octet_length'))), ('stop__gt', models.F('start'))), name='thought_is_contiguous'),
        ),
        migrations.AddConstraint(
            model_name='thoughtchunk',
            constraint=models.CheckConstraint(condition=models.Q(('text_offset__gte', 0)), name='thought_text_offset'),
        ),
        migrations.AddConstraint(
            model_name='tooluse',
            constraint=models.UniqueConstraint(fields=('response', 'number'), name='tool_use_number'),
        ),
        migrations.AddConstraint(
            model_name='tooluse',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['started', 'done', 'failed'])), name='tool_use_state'),
        ),
        migrations.AddConstraint(
            model_name='tooluse',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 0), ('round__gte', 0), ('text_offset__gte', 0), ('thinking_offset__gte', 0)), name='tool_use_place'),
        ),
    ]
