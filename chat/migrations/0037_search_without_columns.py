"""The columns `search`, by which rows are found until they have terms, are computed for rows without terms alone.

Nothing reads those of other rows, and parsing a text of 6 KB for them took 0.4 ms. What a row of before has in them goes when
its text changes: no word outlives the text it came from.
"""

from importlib import import_module

from django.db import migrations

# The functions and triggers of before.
FORGET, REMEMBER = (getattr(import_module('chat.migrations.0010_search_terms'), name) for name in ('FORGET', 'REMEMBER'))

STORED = """
ALTER TABLE chat_message ALTER COLUMN search DROP EXPRESSION IF EXISTS;
ALTER TABLE chat_thread ALTER COLUMN search DROP EXPRESSION IF EXISTS;
"""
# A column can be computed from its beginning alone.
COMPUTED = """
ALTER TABLE chat_message DROP COLUMN search,
    ADD COLUMN search tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce(left(readable, 100000), ''))) STORED;
ALTER TABLE chat_thread DROP COLUMN search,
    ADD COLUMN search tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce(left(title, 100000), ''))) STORED;
CREATE INDEX message_search ON chat_message USING gin (search) WHERE NOT hidden;
CREATE INDEX thread_search ON chat_thread USING gin (search);
"""

# As before, terms that stay when the text changes are dropped, whichever program changes it.
_FOLLOW = """
CREATE FUNCTION {table}_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.terms IS NOT DISTINCT FROM OLD.terms THEN
        NEW.terms := NULL;
    END IF;
    NEW.search := CASE WHEN NEW.terms IS NULL THEN to_tsvector('simple', left(NEW.{text}, 100000)) END;
    RETURN NEW;
END $$;
CREATE TRIGGER words_of_new_text BEFORE INSERT ON {table} FOR EACH ROW
    WHEN (NEW.terms IS NULL AND NEW.{text} <> '') EXECUTE FUNCTION {table}_words();
CREATE TRIGGER words_follow_text BEFORE UPDATE OF {text} ON {table} FOR EACH ROW
    WHEN (NEW.{text} IS DISTINCT FROM OLD.{text}) EXECUTE FUNCTION {table}_words();
"""
FOLLOW = _FOLLOW.format(table='chat_message', text='readable') + _FOLLOW.format(table='chat_thread', text='title')
LEAVE = "".join(f"""
DROP TRIGGER words_of_new_text ON {table}; DROP TRIGGER words_follow_text ON {table}; DROP FUNCTION {table}_words;
""" for table in ('chat_message', 'chat_thread'))


class Migration(migrations.Migration):

    dependencies = [('chat', '0036_merged_bytes')]

    operations = [
        migrations.RunSQL(REMEMBER, FORGET),
        migrations.RunSQL(STORED, COMPUTED),
        migrations.RunSQL(FOLLOW, LEAVE),
    ]
