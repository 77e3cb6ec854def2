"""Links to one message alone. The older program would show the messages before it too, so run it no more after the first."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0018_waiting'),
    ]

    operations = [
        migrations.AddField('share', 'alone', models.BooleanField(db_default=False, default=False)),
    ]
