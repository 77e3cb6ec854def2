"""Threads in no list, which expire, and the options of responses.

All columns are null for the older program, which lists an unlisted thread until it expires.
"""

from django.db import migrations, models

# Options and metadata count towards the bytes that a user stores, like all text.
_COUNT = """
CREATE OR REPLACE FUNCTION chat_thread_bytes(t chat_thread) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT 512 + octet_length(t.title) + octet_length(t.system_prompt){of_thread}
$$;
CREATE OR REPLACE FUNCTION chat_response_bytes(r chat_response) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN r.finished_at IS NULL THEN 0 ELSE r.thinking_length END{of_response}
$$;
DROP TRIGGER stored_bytes_update ON chat_response;
CREATE TRIGGER stored_bytes_update AFTER UPDATE OF {columns} ON chat_response FOR EACH ROW
    WHEN (chat_response_bytes(NEW) <> chat_response_bytes(OLD)) EXECUTE FUNCTION chat_count_thought();
"""
COUNT = _COUNT.format(
    of_thread=" + coalesce(octet_length(t.metadata), 0)",
    of_response=" + coalesce(octet_length(r.options), 0)",
    columns="finished_at, thinking_length, options",
)
UNCOUNT = _COUNT.format(of_thread="", of_response="", columns="finished_at, thinking_length")


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0016_governed_thought'),
    ]

    operations = [
        migrations.AddField('thread', 'expires_at', models.DateTimeField(blank=True, null=True)),
        migrations.AddField('thread', 'metadata', models.TextField(blank=True, null=True)),
        migrations.AddField('response', 'options', models.TextField(blank=True, null=True)),
        migrations.AddIndex(
            'thread',
            models.Index(
                fields=['expires_at'], condition=models.Q(expires_at__isnull=False), name='thread_by_expiry'
            ),
        ),
        migrations.RunSQL([COUNT], [UNCOUNT]),
    ]
