"""Files that are no pictures, with the text that is read from them.

All new columns have a default in the database or are null, for the older program, which stores pictures alone.
"""

import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

PICTURES = ('image/png', 'image/jpeg', 'image/webp', 'image/gif')
FILES = (
    'application/pdf',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    'text/html',
    'text/markdown',
    'text/csv',
    'application/json',
    'text/plain',
)

# Bytes of a row beside its contents, as in 0011.
ROW = 512

COUNT = f"""
CREATE OR REPLACE FUNCTION chat_attachment_bytes(a chat_attachment) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT {ROW} + a.size + a.text_bytes
$$;
DROP TRIGGER stored_bytes ON chat_attachment;
CREATE TRIGGER stored_bytes AFTER INSERT OR DELETE OR UPDATE OF owner_id, size, text_bytes ON chat_attachment
    FOR EACH ROW EXECUTE FUNCTION chat_count_attachment();
"""
UNCOUNT = f"""
CREATE OR REPLACE FUNCTION chat_attachment_bytes(a chat_attachment) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT {ROW} + a.size
$$;
DROP TRIGGER stored_bytes ON chat_attachment;
CREATE TRIGGER stored_bytes AFTER INSERT OR DELETE OR UPDATE OF owner_id, size ON chat_attachment
    FOR EACH ROW EXECUTE FUNCTION chat_count_attachment();
"""

# The planner's statistics would quote the text: it is never asked for by its words alone.
PASSAGES = """
ALTER TABLE chat_filepassage ADD CONSTRAINT chat_filepassage_attachment_id_fk FOREIGN KEY (attachment_id)
    REFERENCES chat_attachment (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE chat_filepassage ALTER COLUMN text SET STATISTICS 0;
ALTER TABLE chat_filepassage ALTER COLUMN terms SET STATISTICS 0;
"""


class Migration(migrations.Migration):

    dependencies = [('chat', '0023_notices')]

    operations = [
        migrations.AlterField('attachment', 'content_type', models.CharField(max_length=100)),
        migrations.RemoveConstraint('attachment', 'attachment_type'),
        migrations.AddConstraint(
            'attachment',
            models.CheckConstraint(
                condition=models.Q(('content_type__in', (*PICTURES, *FILES))), name='attachment_type'
            ),
        ),
        migrations.AddField('attachment', 'name', models.CharField(max_length=255, default='', db_default='')),
        migrations.AddField(
            'attachment',
            'state',
            models.CharField(
                max_length=8,
                choices=[('reading', 'Reading'), ('ready', 'Ready'), ('failed', 'Failed')],
                default='ready',
                db_default='ready',
            ),
        ),
        migrations.AddField('attachment', 'detail', models.CharField(max_length=255, default='', db_default='')),
        migrations.AddField('attachment', 'pages', models.IntegerField(null=True)),
        migrations.AddField('attachment', 'characters', models.IntegerField(default=0, db_default=0)),
        migrations.AddField('attachment', 'text_bytes', models.IntegerField(default=0, db_default=0)),
        migrations.AddField('attachment', 'reading_until', models.DateTimeField(null=True)),
        migrations.AddField('attachment', 'attempts', models.SmallIntegerField(default=0, db_default=0)),
        migrations.AddField('attachment', 'soft_deleted_at', models.DateTimeField(null=True)),
        migrations.AddConstraint(
            'attachment',
            models.CheckConstraint(
                condition=models.Q(('state__in', ['reading', 'ready', 'failed'])), name='attachment_state'
            ),
        ),
        migrations.AddIndex(
            'attachment',
            models.Index(fields=['id'], condition=models.Q(('state', 'reading')), name='attachment_unread'),
        ),
        migrations.AddIndex(
            'attachment',
            models.Index(
                fields=['id'],
                condition=models.Q(('soft_deleted_at__isnull', False)),
                name='attachment_soft_deleted',
            ),
        ),
        migrations.CreateModel(
            name='FilePassage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.IntegerField()),
                ('label', models.CharField(max_length=200)),
                ('text', models.TextField()),
                ('terms', django.contrib.postgres.search.SearchVectorField(editable=False, null=True)),
                ('attachment', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='passages', to='chat.attachment')),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('attachment', 'position'), name='file_passage_once')],
            },
        ),
        migrations.RunSQL(PASSAGES, migrations.RunSQL.noop),
        migrations.RunSQL(COUNT, UNCOUNT),
    ]
