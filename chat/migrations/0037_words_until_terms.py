"""The columns `search`, by which rows are found until they have terms, are computed for rows without terms alone.

Nothing reads those of other rows, and parsing a text of 6 KB for them took 0.4 ms. What a row of before has in them goes when
its text changes: no word outlives the text it came from.
"""

from importlib import import_module

from django.db import migrations

# As before, terms that stay when the text changes are dropped, whichever program changes it.
_FOLLOW = """
CREATE OR REPLACE FUNCTION {table}_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.terms IS NOT DISTINCT FROM OLD.terms THEN
        NEW.terms := NULL;
    END IF;
    NEW.search := CASE WHEN NEW.terms IS NULL THEN to_tsvector('simple', left(NEW.{text}, 100000)) END;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER words_of_new_text BEFORE INSERT ON {table} FOR EACH ROW
    WHEN (NEW.terms IS NULL AND NEW.{text} <> '') EXECUTE FUNCTION {table}_words();
CREATE OR REPLACE TRIGGER words_follow_text BEFORE UPDATE OF {text} ON {table} FOR EACH ROW
    WHEN (NEW.{text} IS DISTINCT FROM OLD.{text}) EXECUTE FUNCTION {table}_words();
"""
_LEAVE = "DROP TRIGGER words_of_new_text ON {table}; DROP TRIGGER words_follow_text ON {table}; DROP FUNCTION {table}_words"
_STORED = "ALTER TABLE {table} ALTER COLUMN search DROP EXPRESSION IF EXISTS"
# Postgres can only add such a column.
_COMPUTED = """
ALTER TABLE {table} DROP COLUMN search,
    ADD COLUMN search tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce(left({text}, 100000), ''))) STORED;
CREATE INDEX {index} ON {table} USING gin (search){condition}
"""
TABLES = (
    {'table': 'chat_message', 'text': 'readable', 'index': 'message_search', 'condition': ' WHERE NOT hidden'},
    {'table': 'chat_thread', 'text': 'title', 'index': 'thread_search', 'condition': ''},
)
# The triggers of before, dropped once the new ones are there.
FORMER = [
    'DROP TRIGGER IF EXISTS message_terms_follow_text ON chat_message',
    'DROP TRIGGER IF EXISTS thread_terms_follow_title ON chat_thread',
    'DROP FUNCTION IF EXISTS chat_forget_terms',
]
FORGET = import_module('chat.migrations.0010_search_terms').FORGET


class Migration(migrations.Migration):

    atomic = False  # no lock of one table is held while waiting for the other, which a prompt may hold

    dependencies = [('chat', '0036_merged_bytes')]

    operations = [
        *(
            migrations.RunSQL(new.format(**table), old.format(**table))
            for new, old in ((_FOLLOW, _LEAVE), (_STORED, _COMPUTED))
            for table in TABLES
        ),
        migrations.RunSQL(FORMER, FORGET),
    ]
