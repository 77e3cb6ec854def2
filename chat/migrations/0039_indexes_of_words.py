"""Indexes of words hold the rows that have words alone.

Of each row without words a GIN index holds that it has none: seven entries of a prompt in a new thread, for rows without words yet
and for those whose older column `search` is empty. Queries find the same rows, for `@@` is never true of null.
"""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models

SHOWN = models.Q(hidden=False)
# By name: table, column and condition.
INDEXES = {
    'message_search': ('chat_message', 'search', 'NOT hidden'),
    'thread_search': ('chat_thread', 'search', ''),
    'message_terms': ('chat_message', 'terms', 'NOT hidden'),
    'thread_terms': ('chat_thread', 'terms', ''),
    'thought_terms': ('chat_thoughtterms', 'terms', ''),
}


def replace(name, table, column, *conditions):
    """Return the statements that make an index anew beside the old one, and put it into its place."""
    made = f'{name}_new'
    where = ' AND '.join(filter(None, conditions))
    return [
        # One that was not finished finds nothing, and is in the way.
        f'DROP INDEX CONCURRENTLY IF EXISTS {made}',
        f'CREATE INDEX CONCURRENTLY {made} ON {table} USING gin ({column})' + (f' WHERE {where}' if where else ''),
        f'DROP INDEX CONCURRENTLY IF EXISTS {name}',
        f'ALTER INDEX {made} RENAME TO {name}',
    ]


def steps():
    for name, (table, column, condition) in INDEXES.items():
        there = replace(name, table, column, condition, f'{column} IS NOT NULL')
        back = replace(name, table, column, condition)
        # Each is undone by its counterpart in the opposite order.
        for forward, backward in zip(there, reversed(back), strict=True):
            yield migrations.RunSQL(forward, backward)


def index(model, name, condition):
    found = condition & models.Q(terms__isnull=False)
    return [
        migrations.RemoveIndex(model_name=model, name=name),
        migrations.AddIndex(model_name=model, index=GinIndex(fields=['terms'], name=name, condition=found)),
    ]


class Migration(migrations.Migration):

    atomic = False  # indexes are made while others write

    dependencies = [('chat', '0038_fewer_indexes')]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                *index('message', 'message_terms', SHOWN),
                *index('thread', 'thread_terms', models.Q()),
                *index('thoughtterms', 'thought_terms', models.Q()),
            ],
            database_operations=[*steps()],
        ),
    ]
