"""The table of Django's database cache, as `createcachetable` makes it."""

from django.db import migrations

CREATE = """
CREATE TABLE chat_cache (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX chat_cache_expires ON chat_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0024_files")]
    operations = [migrations.RunSQL(CREATE, "DROP TABLE chat_cache")]
