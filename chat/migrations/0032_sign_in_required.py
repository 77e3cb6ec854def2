"""Accounts that have to sign in again, the index for log-outs by subject, an audit action, and names of columns."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0031_tool_ends_and_files'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='apitoken',
            options={'verbose_name': 'API token', 'verbose_name_plural': 'API tokens'},
        ),
        migrations.AlterModelOptions(
            name='signinrecord',
            options={'verbose_name': 'sign-in', 'verbose_name_plural': 'sign-ins'},
        ),
        migrations.AlterModelOptions(
            name='usagerule',
            options={'default_permissions': ('view',), 'verbose_name': 'rule', 'verbose_name_plural': 'rules'},
        ),
        migrations.AlterModelOptions(
            name='user',
            options={'permissions': [('remove_second_factors', "Can remove a user's second factors")], 'verbose_name': 'user', 'verbose_name_plural': 'users'},
        ),
        migrations.RemoveConstraint(
            model_name='auditlogentry',
            name='access_action',
        ),
        migrations.RemoveIndex(
            model_name='signinrecord',
            name='signin_subject',
        ),
        migrations.AddField(
            model_name='user',
            name='sign_in_required',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AlterField(
            model_name='apitoken',
            name='name',
            field=models.CharField(blank=True, max_length=100, verbose_name='name'),
        ),
        migrations.AlterField(
            model_name='apitoken',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to=settings.AUTH_USER_MODEL, verbose_name='user'),
        ),
        migrations.AlterField(
            model_name='auditlogentry',
            name='action',
            field=models.CharField(choices=[('listed', 'saw in a list'), ('searched', 'searched'), ('looked', 'read'), ('hidden', 'read, hidden parts too'), ('replayed', 'replayed'), ('exported', 'exported'), ('redacted', 'redacted'), ('held', 'put under legal hold'), ('lifted', 'lifted a legal hold'), ('suspended', 'suspended'), ('restored', 'restored'), ('signed_out', 'ended sessions'), ('erased', 'erased'), ('stopped', 'stopped a response'), ('revoked', 'revoked a link'), ('approved', 'approved a tool call'), ('rejected', 'rejected a tool call'), ('ruled', 'changed a rule'), ('factors_removed', 'removed second factors')], max_length=16),
        ),
        migrations.AlterField(
            model_name='signinrecord',
            name='address',
            field=models.CharField(blank=True, max_length=64, verbose_name='address'),
        ),
        migrations.AlterField(
            model_name='signinrecord',
            name='agent',
            field=models.CharField(blank=True, max_length=200, verbose_name='browser'),
        ),
        migrations.AlterField(
            model_name='signinrecord',
            name='at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='time'),
        ),
        migrations.AlterField(
            model_name='signinrecord',
            name='method',
            field=models.CharField(max_length=80, verbose_name='method'),
        ),
        migrations.AlterField(
            model_name='signinrecord',
            name='succeeded',
            field=models.BooleanField(db_default=True, default=True, verbose_name='succeeded'),
        ),
        migrations.AlterField(
            model_name='signinrecord',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sign_ins', to=settings.AUTH_USER_MODEL, verbose_name='user'),
        ),
        migrations.AlterField(
            model_name='usagerule',
            name='currency',
            field=models.CharField(blank=True, db_default='', default='', help_text='Three capital letters, as in the table of prices.', max_length=3, validators=[django.core.validators.RegexValidator('^[A-Z]{3}$')], verbose_name='currency'),
        ),
        migrations.AlterField(
            model_name='usagerule',
            name='model_names',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, null=True, size=None, verbose_name='model names'),
        ),
        migrations.AlterField(
            model_name='usagerule',
            name='retention_days',
            field=models.PositiveIntegerField(blank=True, help_text='Days after its last use for which a chat is kept.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(36500)], verbose_name='retention days'),
        ),
        migrations.AlterField(
            model_name='usagerule',
            name='tool_rules',
            field=models.JSONField(blank=True, null=True, verbose_name='tool rules'),
        ),
        migrations.AlterField(
            model_name='user',
            name='is_guest',
            field=models.BooleanField(db_default=False, default=False, verbose_name='guest'),
        ),
        migrations.AddIndex(
            model_name='signinrecord',
            index=models.Index(condition=models.Q(('subject', ''), _negated=True), fields=['subject'], name='signin_of_subject'),
        ),
        migrations.AddConstraint(
            model_name='auditlogentry',
            constraint=models.CheckConstraint(condition=models.Q(('action__in', ['listed', 'searched', 'looked', 'hidden', 'replayed', 'exported', 'redacted', 'held', 'lifted', 'suspended', 'restored', 'signed_out', 'erased', 'stopped', 'revoked', 'approved', 'rejected', 'ruled', 'factors_removed'])), name='access_action'),
        ),
    ]
