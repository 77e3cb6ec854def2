"""Threads in no list, which expire, and the options of responses.

All columns are null for the older program, which lists an unlisted thread until it expires.
"""

from django.db import migrations, models

# Options and metadata count towards the bytes that a user stores, like all text; a thread's deletion takes its bytes away.
COUNT = """
CREATE OR REPLACE FUNCTION chat_thread_bytes(t chat_thread) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT 512 + octet_length(t.title) + octet_length(t.system_prompt) + coalesce(octet_length(t.metadata), 0)
$$;
CREATE FUNCTION chat_count_options() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_storedbytes (owner_id, thread, bytes) VALUES (NEW.owner_id, NEW.thread_id,
        coalesce(octet_length(NEW.options), 0)
        - CASE TG_OP WHEN 'UPDATE' THEN coalesce(octet_length(OLD.options), 0) ELSE 0 END);
    RETURN NULL;
END $$;
CREATE TRIGGER stored_bytes_insert AFTER INSERT ON chat_response FOR EACH ROW
    WHEN (NEW.options IS NOT NULL) EXECUTE FUNCTION chat_count_options();
CREATE TRIGGER stored_bytes_update AFTER UPDATE OF options ON chat_response FOR EACH ROW
    WHEN (NEW.options IS DISTINCT FROM OLD.options) EXECUTE FUNCTION chat_count_options();
"""

UNCOUNT = """
CREATE OR REPLACE FUNCTION chat_thread_bytes(t chat_thread) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT 512 + octet_length(t.title) + octet_length(t.system_prompt)
$$;
DROP TRIGGER stored_bytes_insert ON chat_response;
DROP TRIGGER stored_bytes_update ON chat_response;
DROP FUNCTION chat_count_options;
"""


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
