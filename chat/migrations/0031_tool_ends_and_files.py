"""The place in the text where a tool call ended, behind what it wrote; an index of the files that have text."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0030_rule_changes'),
    ]

    operations = [
        migrations.AddField(
            model_name='tooluse',
            name='end_offset',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddIndex(
            model_name='attachment',
            index=models.Index(condition=models.Q(('characters__gt', 0)), fields=['owner'], name='attachment_with_text'),
        ),
    ]
