"""Count the bytes that users store, in the database itself: a process of the older program is counted as well."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Bytes of a row beside its texts, its entries in indexes included.
ROW, REVISION_ROW = 512, 64

COUNT = f"""
ALTER TABLE chat_storedbytes ADD CONSTRAINT stored_bytes_owner_gone
    FOREIGN KEY (owner_id) REFERENCES chat_user ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION chat_message_bytes(m chat_message) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN m.content = '' AND m.tool_calls IS NULL THEN 0
        ELSE {ROW} + octet_length(m.content) + coalesce(octet_length(m.tool_calls), 0) + octet_length(m.feedback_comment) END
$$;
CREATE FUNCTION chat_thread_bytes(t chat_thread) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT {ROW} + octet_length(t.title) + octet_length(t.system_prompt)
$$;
CREATE FUNCTION chat_revision_bytes(r chat_revision) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN r.held THEN 0 ELSE {REVISION_ROW} + octet_length(r.content) END
$$;
CREATE FUNCTION chat_attachment_bytes(a chat_attachment) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT {ROW} + a.size
$$;

CREATE FUNCTION chat_count_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_storedbytes (owner_id, thread, bytes) VALUES (NEW.owner_id, NEW.thread_id, chat_message_bytes(NEW)
        - CASE TG_OP WHEN 'UPDATE' THEN chat_message_bytes(OLD) ELSE 0 END);
    RETURN NULL;
END $$;
CREATE TRIGGER stored_bytes_insert AFTER INSERT ON chat_message FOR EACH ROW
    WHEN (chat_message_bytes(NEW) > 0) EXECUTE FUNCTION chat_count_message();
CREATE TRIGGER stored_bytes_update AFTER UPDATE OF content, tool_calls, feedback_comment ON chat_message FOR EACH ROW
    WHEN (chat_message_bytes(NEW) <> chat_message_bytes(OLD)) EXECUTE FUNCTION chat_count_message();
CREATE FUNCTION chat_uncount_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_storedbytes (owner_id, thread, bytes)
    SELECT CASE WHEN t.withdrawn_at IS NULL THEN t.owner_id END, t.id, -sum(chat_message_bytes(g))
    FROM gone g JOIN chat_thread t ON t.id = g.thread_id GROUP BY t.id;
    RETURN NULL;
END $$;
CREATE TRIGGER stored_bytes_delete AFTER DELETE ON chat_message REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION chat_uncount_messages();

CREATE FUNCTION chat_count_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_storedbytes (owner_id, thread, bytes)
    SELECT CASE WHEN withdrawn_at IS NULL THEN owner_id END, id, chat_revision_bytes(NEW)
        - CASE TG_OP WHEN 'UPDATE' THEN chat_revision_bytes(OLD) ELSE 0 END
    FROM chat_thread WHERE id = NEW.thread_id;
    RETURN NULL;
END $$;
CREATE TRIGGER stored_bytes_insert AFTER INSERT ON chat_revision FOR EACH ROW EXECUTE FUNCTION chat_count_revision();
CREATE TRIGGER stored_bytes_update AFTER UPDATE OF content, held ON chat_revision FOR EACH ROW
    WHEN (chat_revision_bytes(NEW) <> chat_revision_bytes(OLD)) EXECUTE FUNCTION chat_count_revision();
CREATE FUNCTION chat_uncount_revisions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_storedbytes (owner_id, thread, bytes)
    SELECT CASE WHEN t.withdrawn_at IS NULL THEN t.owner_id END, t.id, -sum(chat_revision_bytes(g))
    FROM gone g JOIN chat_thread t ON t.id = g.thread_id GROUP BY t.id;
    RETURN NULL;
END $$;
CREATE TRIGGER stored_bytes_delete AFTER DELETE ON chat_revision REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION chat_uncount_revisions();

CREATE FUNCTION chat_count_thread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_storedbytes (owner_id, thread, bytes) VALUES (NEW.owner_id, NEW.id, chat_thread_bytes(NEW)
        - CASE TG_OP WHEN 'UPDATE' THEN chat_thread_bytes(OLD) ELSE 0 END);
    RETURN NULL;
END $$;
CREATE TRIGGER stored_bytes_insert AFTER INSERT ON chat_thread FOR EACH ROW EXECUTE FUNCTION chat_count_thread();
CREATE TRIGGER stored_bytes_update AFTER UPDATE OF title, system_prompt ON chat_thread FOR EACH ROW
    WHEN (chat_thread_bytes(NEW) <> chat_thread_bytes(OLD)) EXECUTE FUNCTION chat_count_thread();
CREATE FUNCTION chat_move_stored_bytes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE chat_storedbytes SET owner_id = CASE WHEN NEW.withdrawn_at IS NULL THEN NEW.owner_id END WHERE thread = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER stored_bytes_move AFTER UPDATE OF owner_id, withdrawn_at ON chat_thread FOR EACH ROW
    WHEN (NEW.owner_id <> OLD.owner_id OR NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at)
    EXECUTE FUNCTION chat_move_stored_bytes();
CREATE FUNCTION chat_uncount_thread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM chat_storedbytes WHERE thread = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER stored_bytes_delete AFTER DELETE ON chat_thread FOR EACH ROW EXECUTE FUNCTION chat_uncount_thread();

CREATE FUNCTION chat_count_attachment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO chat_storedbytes (owner_id, bytes)
        SELECT id, -chat_attachment_bytes(OLD) FROM chat_user WHERE id = OLD.owner_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO chat_storedbytes (owner_id, bytes) VALUES (NEW.owner_id, chat_attachment_bytes(NEW));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER stored_bytes AFTER INSERT OR DELETE OR UPDATE OF owner_id, size ON chat_attachment FOR EACH ROW
    EXECUTE FUNCTION chat_count_attachment();
"""

UNCOUNT = """
DROP TRIGGER stored_bytes ON chat_attachment;
DROP TRIGGER stored_bytes_insert ON chat_thread; DROP TRIGGER stored_bytes_update ON chat_thread;
DROP TRIGGER stored_bytes_move ON chat_thread; DROP TRIGGER stored_bytes_delete ON chat_thread;
DROP TRIGGER stored_bytes_insert ON chat_revision; DROP TRIGGER stored_bytes_update ON chat_revision;
DROP TRIGGER stored_bytes_delete ON chat_revision;
DROP TRIGGER stored_bytes_insert ON chat_message; DROP TRIGGER stored_bytes_update ON chat_message;
DROP TRIGGER stored_bytes_delete ON chat_message;
DROP FUNCTION chat_count_attachment; DROP FUNCTION chat_uncount_thread; DROP FUNCTION chat_move_stored_bytes;
DROP FUNCTION chat_count_thread; DROP FUNCTION chat_uncount_revisions; DROP FUNCTION chat_count_revision;
DROP FUNCTION chat_uncount_messages; DROP FUNCTION chat_count_message;
DROP FUNCTION chat_attachment_bytes; DROP FUNCTION chat_revision_bytes; DROP FUNCTION chat_thread_bytes;
DROP FUNCTION chat_message_bytes;
"""

# One statement, so one view of the tables: what others change meanwhile is in both parts, or in neither.
EXISTING = """
INSERT INTO chat_storedbytes (owner_id, thread, bytes)
SELECT owner, thread, sum(bytes) FROM (
    SELECT CASE WHEN withdrawn_at IS NULL THEN owner_id END AS owner, id AS thread, chat_thread_bytes(t) AS bytes
    FROM chat_thread t
    UNION ALL
    SELECT CASE WHEN t.withdrawn_at IS NULL THEN t.owner_id END, t.id, chat_message_bytes(m)
    FROM chat_message m JOIN chat_thread t ON t.id = m.thread_id
    UNION ALL
    SELECT CASE WHEN t.withdrawn_at IS NULL THEN t.owner_id END, t.id, chat_revision_bytes(r)
    FROM chat_revision r JOIN chat_thread t ON t.id = r.thread_id
    UNION ALL
    SELECT owner_id, NULL, chat_attachment_bytes(a) FROM chat_attachment a
    UNION ALL
    SELECT owner_id, thread, -bytes FROM chat_storedbytes
) stored GROUP BY owner, thread HAVING sum(bytes) <> 0
"""


class Migration(migrations.Migration):

    atomic = False  # the triggers' locks are short; counting what is there takes seconds on a million messages

    dependencies = [('chat', '0010_search_terms')]

    operations = [
        migrations.AddField(
            model_name='revision',
            name='held',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name='StoredBytes',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('thread', models.BigIntegerField(null=True)),
                ('bytes', models.BigIntegerField()),
                ('owner', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'default_permissions': (),
                'indexes': [
                    models.Index(fields=['owner', 'thread'], include=('bytes',), name='stored_bytes_by_owner'),
                    models.Index(fields=['thread'], name='stored_bytes_by_thread'),
                ],
            },
        ),
        migrations.RunSQL([COUNT], [UNCOUNT]),
        migrations.RunSQL(EXISTING, migrations.RunSQL.noop),
    ]
