"""Rules that say what a group or a user may use.

The database deletes a rule with its group or user: an older program, which deletes these, knows nothing of the table.
"""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.lookups
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models

REFERENCES = """
ALTER TABLE chat_usagerule ADD CONSTRAINT usagerule_group
    FOREIGN KEY (group_id) REFERENCES auth_group ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE chat_usagerule ADD CONSTRAINT usagerule_user
    FOREIGN KEY (user_id) REFERENCES chat_user ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('chat', '0025_cache'),
    ]

    operations = [
        migrations.CreateModel(
            name='UsageRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model_names', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, null=True, size=None)),
                ('tool_rules', models.JSONField(blank=True, null=True)),
                ('responses_per_hour', models.BigIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000000000000)], verbose_name='responses an hour')),
                ('tokens_per_day', models.BigIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000000000000)], verbose_name='tokens a day')),
                ('tokens_per_month', models.BigIntegerField(blank=True, help_text='In 30 days.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000000000000)], verbose_name='tokens a month')),
                ('money_per_day', models.DecimalField(blank=True, decimal_places=4, max_digits=16, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0.0001')), django.core.validators.MaxValueValidator(1000000000000)], verbose_name='money a day')),
                ('money_per_month', models.DecimalField(blank=True, decimal_places=4, help_text='In 30 days.', max_digits=16, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0.0001')), django.core.validators.MaxValueValidator(1000000000000)], verbose_name='money a month')),
                ('currency', models.CharField(blank=True, db_default='', default='', help_text='Three capital letters, as in the table of prices.', max_length=3, validators=[django.core.validators.RegexValidator('^[A-Z]{3}$')])),
                ('shared', models.BooleanField(db_default=False, default=False, help_text='The budgets are of all members together, not of each.', verbose_name='shared budgets')),
                ('retention_days', models.PositiveIntegerField(blank=True, help_text='Days after its last use for which a chat is kept.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(36500)])),
                ('group', models.OneToOneField(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='usage_rule', to='auth.group')),
                ('user', models.OneToOneField(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='usage_rule', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'rule',
                'default_permissions': ('view',),
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('group', None), ('user__isnull', False)), models.Q(('group__isnull', False), ('user', None)), _connector='OR'), name='rule_of_group_or_user'), models.CheckConstraint(condition=models.Q(('model_names', None), ('model_names__len__gt', 0), _connector='OR'), name='rule_models'), models.CheckConstraint(condition=models.Q(('tool_rules__isnull', True), models.Q(django.db.models.lookups.Exact(models.Func(models.F('tool_rules'), function='jsonb_typeof', output_field=models.TextField()), models.Value('object')), models.Q(models.Func(models.F('tool_rules'), models.Value('strict $.* ? (@.type() != "string" || !(@ like_regex "^(allow|ask|staff|deny)$"))'), output_field=models.BooleanField(), template='jsonb_path_exists(%(expressions)s::jsonpath)'), _negated=True)), _connector='OR'), name='rule_tools'), models.CheckConstraint(condition=models.Q(models.Q(('responses_per_hour', None), models.Q(('responses_per_hour__gte', 1), ('responses_per_hour__lte', 1000000000000)), _connector='OR'), models.Q(('tokens_per_day', None), models.Q(('tokens_per_day__gte', 1), ('tokens_per_day__lte', 1000000000000)), _connector='OR'), models.Q(('tokens_per_month', None), models.Q(('tokens_per_month__gte', 1), ('tokens_per_month__lte', 1000000000000)), _connector='OR')), name='rule_counts'), models.CheckConstraint(condition=models.Q(models.Q(('money_per_day', None), models.Q(('money_per_day__gte', Decimal('0.0001')), ('money_per_day__lte', 1000000000000)), _connector='OR'), models.Q(('money_per_month', None), models.Q(('money_per_month__gte', Decimal('0.0001')), ('money_per_month__lte', 1000000000000)), _connector='OR')), name='rule_money'), models.CheckConstraint(condition=models.Q(('tokens_per_day', None), ('tokens_per_month', None), ('tokens_per_day__lte', models.F('tokens_per_month')), _connector='OR'), name='rule_tokens_of_day_in_month', violation_error_message="A day's tokens cannot be more than a month's."), models.CheckConstraint(condition=models.Q(('money_per_day', None), ('money_per_month', None), ('money_per_day__lte', models.F('money_per_month')), _connector='OR'), name='rule_money_of_day_in_month', violation_error_message="A day's money cannot be more than a month's."), models.CheckConstraint(condition=models.Q(models.Q(('currency', ''), ('money_per_day', None), ('money_per_month', None)), models.Q(('currency__regex', '^[A-Z]{3}$'), models.Q(('money_per_day', None), ('money_per_month', None), _negated=True)), _connector='OR'), name='rule_currency', violation_error_message='An amount of money needs a currency, and a currency an amount.'), models.CheckConstraint(condition=models.Q(('shared', False), ('user', None), _connector='OR'), name='rule_shared_by_group', violation_error_message="A user's own budgets cannot be shared."), models.CheckConstraint(condition=models.Q(('retention_days', None), models.Q(('retention_days__gte', 1), ('retention_days__lte', 36500)), _connector='OR'), name='rule_retention')],
            },
        ),
        migrations.RunSQL(REFERENCES, migrations.RunSQL.noop),
    ]
