"""Terms of messages and titles for search, made by the program; rows of an older program get theirs in batches.

The columns `search`, which Postgres computes, and their indexes stay in the database: processes of the older program use them,
and so does a search until all rows of its user have terms. A later release drops them.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.operations
import django.contrib.postgres.search
from django.db import migrations, models

# In the database itself, for a process of yesterday's code changes texts too, and knows nothing of terms.
FORGET = """
CREATE FUNCTION chat_forget_terms() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.terms := NULL; RETURN NEW; END';
CREATE TRIGGER message_terms_follow_text BEFORE UPDATE OF readable ON chat_message FOR EACH ROW
    WHEN (NEW.readable IS DISTINCT FROM OLD.readable AND NEW.terms IS NOT DISTINCT FROM OLD.terms)
    EXECUTE FUNCTION chat_forget_terms();
CREATE TRIGGER thread_terms_follow_title BEFORE UPDATE OF title ON chat_thread FOR EACH ROW
    WHEN (NEW.title IS DISTINCT FROM OLD.title AND NEW.terms IS NOT DISTINCT FROM OLD.terms)
    EXECUTE FUNCTION chat_forget_terms();
"""
REMEMBER = """
DROP TRIGGER message_terms_follow_text ON chat_message;
DROP TRIGGER thread_terms_follow_title ON chat_thread;
DROP FUNCTION chat_forget_terms;
"""

MESSAGE_UNINDEXED = models.Index(
    fields=['owner', 'id'],
    condition=models.Q(('hidden', False), ('terms', None), models.Q(('plain_text', ''), _negated=True)),
    name='message_unindexed',
)
THREAD_UNINDEXED = models.Index(
    fields=['owner', 'id'],
    condition=models.Q(('terms', None), models.Q(('title', ''), _negated=True)),
    name='thread_unindexed',
)


class Migration(migrations.Migration):

    atomic = False  # indexes are built while others write

    dependencies = [('chat', '0009_names')]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveIndex(model_name='message', name='message_search'),
                migrations.RemoveIndex(model_name='thread', name='thread_search'),
                migrations.RemoveField(model_name='message', name='search'),
                migrations.RemoveField(model_name='thread', name='search'),
            ],
        ),
        *(
            migrations.AddField(
                model_name=name,
                name='terms',
                field=django.contrib.postgres.search.SearchVectorField(editable=False, null=True),
            )
            for name in ('message', 'thread')
        ),
        migrations.RunSQL(FORGET, REMEMBER),
        *(
            django.contrib.postgres.operations.AddIndexConcurrently(model_name=name, index=index)
            for name, index in (
                ('message', django.contrib.postgres.indexes.GinIndex(condition=models.Q(('hidden', False)), fields=['terms'], name='message_terms')),
                ('thread', django.contrib.postgres.indexes.GinIndex(fields=['terms'], name='thread_terms')),
                ('message', MESSAGE_UNINDEXED),
                ('thread', THREAD_UNINDEXED),
            )
        ),
    ]
