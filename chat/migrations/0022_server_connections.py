"""Connections of users to MCP servers with OAuth. The older program knows nothing of them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Now

# Whichever program deletes a user, the tokens go too.
DELETE = """
ALTER TABLE chat_serverconnection ADD CONSTRAINT connection_owner_gone
    FOREIGN KEY (owner_id) REFERENCES chat_user ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""
KEEP = "ALTER TABLE chat_serverconnection DROP CONSTRAINT connection_owner_gone;"

OWNER = models.ForeignKey(
    settings.AUTH_USER_MODEL,
    django.db.models.deletion.DO_NOTHING,
    db_constraint=False,
    db_index=False,
    related_name='server_connections',
)


class Migration(migrations.Migration):

    dependencies = [('chat', '0020_pins_and_instructions')]

    operations = [
        migrations.CreateModel(
            name='ServerConnection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('owner', OWNER),
                ('server', models.CharField(max_length=24)),
                ('url', models.TextField()),
                ('grant', models.TextField(blank=True, db_default='', default='', editable=False)),
                ('connected_at', models.DateTimeField(blank=True, null=True)),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('refused_at', models.DateTimeField(blank=True, null=True)),
                ('refreshing_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('state_digest', models.CharField(blank=True, editable=False, max_length=64, null=True, unique=True)),
                ('pending', models.TextField(blank=True, db_default='', default='', editable=False)),
                ('pending_since', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(db_default=Now(), editable=False)),
            ],
            options={
                'default_permissions': ('view',),
                'constraints': [
                    models.UniqueConstraint(fields=['owner', 'server'], name='connection_per_server'),
                    models.CheckConstraint(
                        condition=(
                            (~Q(grant='') & Q(connected_at__isnull=False, refused_at=None))
                            | (Q(grant='') & (Q(connected_at=None) | Q(refused_at__isnull=False)))
                        ),
                        name='connection_state',
                    ),
                    models.CheckConstraint(
                        condition=Q(state_digest=None, pending='', pending_since=None)
                        | (Q(state_digest__isnull=False, pending_since__isnull=False) & ~Q(pending='')),
                        name='connection_pending',
                    ),
                ],
            },
        ),
        migrations.RunSQL([DELETE], [KEEP]),
    ]
