"""Counts of stored bytes that are merged leave one row to their owner, however many threads that owner has.

The bytes of a merged thread stand in its own row, and in a sum of its owner's. The older program reads that sum as it reads all
rows of an owner; until its last process has ended, it takes a thread for smaller by what is merged.

The functions that count are PL/pgSQL: one in SQL is parsed and planned anew by each statement whose triggers call it, which
took a tenth of Postgres' time for a prompt.
"""

from django.db import migrations, models

_BYTES = """
CREATE OR REPLACE FUNCTION chat_message_bytes(m chat_message) RETURNS bigint LANGUAGE {language} IMMUTABLE AS $$
    {begin} CASE WHEN m.content = '' AND m.tool_calls IS NULL AND m.provider_fields IS NULL THEN 0
        ELSE 512 + octet_length(m.content) + coalesce(octet_length(m.tool_calls), 0) + octet_length(m.feedback_comment)
            + coalesce(octet_length(m.provider_fields), 0) END{end}
$$;
CREATE OR REPLACE FUNCTION chat_thread_bytes(t chat_thread) RETURNS bigint LANGUAGE {language} IMMUTABLE AS $$
    {begin} 512 + octet_length(t.title) + octet_length(t.system_prompt) + coalesce(octet_length(t.metadata), 0){end}
$$;
CREATE OR REPLACE FUNCTION chat_response_bytes(r chat_response) RETURNS bigint LANGUAGE {language} IMMUTABLE AS $$
    {begin} CASE WHEN r.finished_at IS NULL THEN 0 ELSE r.thinking_length END + coalesce(octet_length(r.options), 0){end}
$$;
"""
COMPILED = _BYTES.format(language="plpgsql", begin="BEGIN RETURN", end="; END")
INLINED = _BYTES.format(language="sql", begin="SELECT", end="")

MERGED = """
CREATE OR REPLACE FUNCTION chat_move_stored_bytes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE chat_storedbytes SET owner_id = CASE WHEN NEW.withdrawn_at IS NULL THEN NEW.owner_id END WHERE thread = NEW.id;
    IF NEW.merged_bytes <> 0 THEN
        INSERT INTO chat_storedbytes (owner_id, bytes)
        SELECT u.id, moved.bytes FROM chat_user u JOIN (VALUES
            (CASE WHEN OLD.withdrawn_at IS NULL THEN OLD.owner_id END, -NEW.merged_bytes),
            (CASE WHEN NEW.withdrawn_at IS NULL THEN NEW.owner_id END, NEW.merged_bytes)
        ) AS moved(owner, bytes) ON moved.owner = u.id;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION chat_uncount_thread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM chat_storedbytes WHERE thread = OLD.id;
    IF OLD.merged_bytes <> 0 AND OLD.withdrawn_at IS NULL THEN
        INSERT INTO chat_storedbytes (owner_id, bytes)
        SELECT id, -OLD.merged_bytes FROM chat_user WHERE id = OLD.owner_id;
    END IF;
    RETURN NULL;
END $$;
"""
# What is merged is counted by thread again, for the functions of before know of nothing else.
PARTED = """
INSERT INTO chat_storedbytes (owner_id, thread, bytes)
SELECT CASE WHEN withdrawn_at IS NULL THEN owner_id END, id, merged_bytes FROM chat_thread WHERE merged_bytes <> 0
UNION ALL
SELECT owner_id, NULL, -sum(merged_bytes) FROM chat_thread WHERE merged_bytes <> 0 AND withdrawn_at IS NULL GROUP BY owner_id;
CREATE OR REPLACE FUNCTION chat_move_stored_bytes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE chat_storedbytes SET owner_id = CASE WHEN NEW.withdrawn_at IS NULL THEN NEW.owner_id END WHERE thread = NEW.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION chat_uncount_thread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM chat_storedbytes WHERE thread = OLD.id;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [('chat', '0035_file_vectors')]

    operations = [
        migrations.AddField('thread', 'merged_bytes', models.BigIntegerField(db_default=0, default=0)),
        migrations.RunSQL(MERGED, PARTED),
        migrations.RunSQL(COMPILED, INLINED),
    ]
