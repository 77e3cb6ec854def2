"""Pinned threads, and a user's own instructions for new chats.

All columns have a default in the database for the older program.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0019_share_of_one_message'),
    ]

    operations = [
        migrations.AddField('thread', 'pinned', models.BooleanField(db_default=False, default=False)),
        migrations.AddField(
            'user', 'instructions', models.TextField(blank=True, db_default='', default='', editable=False)
        ),
        migrations.AddIndex(
            'thread',
            models.Index(fields=['owner'], condition=models.Q(pinned=True), name='thread_pinned'),
        ),
    ]
