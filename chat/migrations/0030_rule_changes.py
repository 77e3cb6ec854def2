"""The action of the audit log for a change of a rule, and the words for tools that are none."""

import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('chat', '0029_artifacts'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='auditlogentry',
            name='access_action',
        ),
        migrations.AlterField(
            model_name='auditlogentry',
            name='action',
            field=models.CharField(choices=[('listed', 'saw in a list'), ('searched', 'searched'), ('looked', 'read'), ('hidden', 'read, hidden parts too'), ('replayed', 'replayed'), ('exported', 'exported'), ('redacted', 'redacted'), ('held', 'put under legal hold'), ('lifted', 'lifted a legal hold'), ('suspended', 'suspended'), ('restored', 'restored'), ('signed_out', 'ended sessions'), ('erased', 'erased'), ('stopped', 'stopped a response'), ('revoked', 'revoked a link'), ('approved', 'approved a tool call'), ('rejected', 'rejected a tool call'), ('ruled', 'changed a rule')], max_length=16),
        ),
        migrations.AddConstraint(
            model_name='auditlogentry',
            constraint=models.CheckConstraint(condition=models.Q(('action__in', ['listed', 'searched', 'looked', 'hidden', 'replayed', 'exported', 'redacted', 'held', 'lifted', 'suspended', 'restored', 'signed_out', 'erased', 'stopped', 'revoked', 'approved', 'rejected', 'ruled'])), name='access_action'),
        ),
        migrations.AlterConstraint(
            model_name='usagerule',
            name='rule_tools',
            constraint=models.CheckConstraint(condition=models.Q(('tool_rules__isnull', True), models.Q(django.db.models.lookups.Exact(models.Func(models.F('tool_rules'), function='jsonb_typeof', output_field=models.TextField()), models.Value('object')), models.Q(models.Func(models.F('tool_rules'), models.Value('strict $.* ? (@.type() != "string" || !(@ like_regex "^(allow|ask|staff|deny)$"))'), output_field=models.BooleanField(), template='jsonb_path_exists(%(expressions)s::jsonpath)'), _negated=True)), _connector='OR'), name='rule_tools', violation_error_message='Tools are an object of names or patterns with allow, ask, staff or deny.'),
        ),
    ]
