"""Reasoning and cached tokens by the hour.

No hour has to be rolled up again: no call before migration 0014 has such counts, so 0 is the sum of each. Old code leaves the
default, and the next roll-up does its hours again.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0014_thought'),
    ]

    operations = [
        migrations.AddField(
            model_name='usagehour',
            name='cached_tokens',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='usagehour',
            name='reasoning_tokens',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
    ]
