"""Count thought and provider fields among the stored bytes, make thought searchable, and delete it with its response.

All of it in the database itself: a process of the older program ends and deletes responses too.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

# Bytes of a message's row beside its texts, its entries in indexes included.
ROW = 512

DELETE = """
ALTER TABLE chat_thoughtchunk ADD CONSTRAINT thought_response_gone
    FOREIGN KEY (response_id) REFERENCES chat_response ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE chat_tooluse ADD CONSTRAINT tool_use_response_gone
    FOREIGN KEY (response_id) REFERENCES chat_response ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE chat_thoughtterms ADD CONSTRAINT thought_terms_response_gone
    FOREIGN KEY (response_id) REFERENCES chat_response ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""
KEEP = """
ALTER TABLE chat_thoughtchunk DROP CONSTRAINT thought_response_gone;
ALTER TABLE chat_tooluse DROP CONSTRAINT tool_use_response_gone;
ALTER TABLE chat_thoughtterms DROP CONSTRAINT thought_terms_response_gone;
"""

_MESSAGE = """
CREATE OR REPLACE FUNCTION chat_message_bytes(m chat_message) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN m.content = '' AND m.tool_calls IS NULL{also} THEN 0
        ELSE {row} + octet_length(m.content) + coalesce(octet_length(m.tool_calls), 0) + octet_length(m.feedback_comment){more} END
$$;
DROP TRIGGER stored_bytes_update ON chat_message;
CREATE TRIGGER stored_bytes_update AFTER UPDATE OF {columns} ON chat_message FOR EACH ROW
    WHEN (chat_message_bytes(NEW) <> chat_message_bytes(OLD)) EXECUTE FUNCTION chat_count_message();
"""
COUNT = f"""
{_MESSAGE.format(
    row=ROW,
    also=" AND m.provider_fields IS NULL",
    more=" + coalesce(octet_length(m.provider_fields), 0)",
    columns="content, tool_calls, feedback_comment, provider_fields",
)}
CREATE FUNCTION chat_response_bytes(r chat_response) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN r.finished_at IS NULL THEN 0 ELSE r.thinking_length END
$$;
CREATE FUNCTION chat_count_thought() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_storedbytes (owner_id, thread, bytes)
    SELECT CASE WHEN withdrawn_at IS NULL THEN owner_id END, id, chat_response_bytes(NEW)
        - CASE TG_OP WHEN 'UPDATE' THEN chat_response_bytes(OLD) ELSE 0 END
    FROM chat_thread WHERE id = NEW.thread_id;
    IF NEW.thinking_length > 0 THEN
        INSERT INTO chat_thoughtterms (response_id) VALUES (NEW.id) ON CONFLICT (response_id) DO UPDATE SET terms = NULL;
    ELSE
        DELETE FROM chat_thoughtterms WHERE response_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER stored_bytes_insert AFTER INSERT ON chat_response FOR EACH ROW
    WHEN (chat_response_bytes(NEW) > 0) EXECUTE FUNCTION chat_count_thought();
CREATE TRIGGER stored_bytes_update AFTER UPDATE OF finished_at, thinking_length ON chat_response FOR EACH ROW
    WHEN (chat_response_bytes(NEW) <> chat_response_bytes(OLD)) EXECUTE FUNCTION chat_count_thought();
CREATE FUNCTION chat_uncount_thoughts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_storedbytes (owner_id, thread, bytes)
    SELECT CASE WHEN t.withdrawn_at IS NULL THEN t.owner_id END, t.id, -sum(chat_response_bytes(g))
    FROM gone g JOIN chat_thread t ON t.id = g.thread_id GROUP BY t.id HAVING sum(chat_response_bytes(g)) > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER stored_bytes_delete AFTER DELETE ON chat_response REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION chat_uncount_thoughts();
"""
UNCOUNT = f"""
DROP TRIGGER stored_bytes_insert ON chat_response; DROP TRIGGER stored_bytes_update ON chat_response;
DROP TRIGGER stored_bytes_delete ON chat_response;
DROP FUNCTION chat_uncount_thoughts; DROP FUNCTION chat_count_thought; DROP FUNCTION chat_response_bytes;
{_MESSAGE.format(row=ROW, also="", more="", columns="content, tool_calls, feedback_comment")}
"""

# The planner's statistics quote rows, and those of a table outlive its last row: no redaction could renew them.
QUOTE_NOTHING = """
ALTER TABLE chat_thoughtchunk ALTER data SET STATISTICS 0;
ALTER TABLE chat_thoughtterms ALTER terms SET STATISTICS 0;
ALTER TABLE chat_tooluse ALTER call_id SET STATISTICS 0, ALTER name SET STATISTICS 0;
"""
QUOTE = """
ALTER TABLE chat_thoughtchunk ALTER data SET STATISTICS -1;
ALTER TABLE chat_thoughtterms ALTER terms SET STATISTICS -1;
ALTER TABLE chat_tooluse ALTER call_id SET STATISTICS -1, ALTER name SET STATISTICS -1;
"""

# Nothing of a released version has thought yet; a database that ran the commits between 0014 and this one has.
EXISTING = """
INSERT INTO chat_thoughtterms (response_id)
SELECT id FROM chat_response WHERE finished_at IS NOT NULL AND thinking_length > 0 ON CONFLICT DO NOTHING;

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
    SELECT CASE WHEN t.withdrawn_at IS NULL THEN t.owner_id END, t.id, chat_response_bytes(r)
    FROM chat_response r JOIN chat_thread t ON t.id = r.thread_id
    UNION ALL
    SELECT owner_id, thread, -bytes FROM chat_storedbytes WHERE thread IS NOT NULL
) stored GROUP BY owner, thread HAVING sum(bytes) <> 0;
"""


def child_of_response(name):
    """Return a foreign key that the database itself enforces and cascades."""
    return models.ForeignKey(
        db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name=name, to='chat.response'
    )


class Migration(migrations.Migration):

    atomic = False  # the triggers' locks are short; counting what is there takes seconds on a million messages

    dependencies = [('chat', '0015_usage_of_thought')]

    operations = [
        migrations.AlterField('thoughtchunk', 'response', child_of_response('thought_chunks')),
        migrations.AlterField('tooluse', 'response', child_of_response('tool_uses')),
        migrations.CreateModel(
            name='ThoughtTerms',
            fields=[
                ('response', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='+', serialize=False, to='chat.response')),
                ('terms', django.contrib.postgres.search.SearchVectorField(editable=False, null=True)),
            ],
            options={
                'verbose_name_plural': 'thought terms',
                'default_permissions': (),
                'indexes': [
                    django.contrib.postgres.indexes.GinIndex(fields=['terms'], name='thought_terms'),
                    models.Index(condition=models.Q(('terms', None)), fields=['response'], name='thought_unindexed'),
                ],
            },
        ),
        migrations.RunSQL([DELETE], [KEEP]),
        migrations.RunSQL([QUOTE_NOTHING], [QUOTE]),
        migrations.RunSQL([COUNT], [UNCOUNT]),
        migrations.RunSQL([EXISTING], migrations.RunSQL.noop),
    ]
