"""Vectors of files' passages, for search by meaning.

All new columns have a default in the database or are null: the older program goes on beside it, and its files get their
vectors like all others, if a server of embeddings is configured.
"""

import django.db.models.deletion
from django.db import migrations, models

import chat.models.vectors

# Bytes of a row beside its contents, as in 0011.
ROW = 512

COUNT = f"""
CREATE OR REPLACE FUNCTION chat_attachment_bytes(a chat_attachment) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT {ROW} + a.size + a.text_bytes + a.vector_bytes
$$;
DROP TRIGGER stored_bytes ON chat_attachment;
CREATE TRIGGER stored_bytes AFTER INSERT OR DELETE OR UPDATE OF owner_id, size, text_bytes, vector_bytes ON chat_attachment
    FOR EACH ROW EXECUTE FUNCTION chat_count_attachment();
"""
UNCOUNT = f"""
CREATE OR REPLACE FUNCTION chat_attachment_bytes(a chat_attachment) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT {ROW} + a.size + a.text_bytes
$$;
DROP TRIGGER stored_bytes ON chat_attachment;
CREATE TRIGGER stored_bytes AFTER INSERT OR DELETE OR UPDATE OF owner_id, size, text_bytes ON chat_attachment
    FOR EACH ROW EXECUTE FUNCTION chat_count_attachment();
"""

# A vector tells much of its text: the planner's statistics hold none.
VECTORS = """
ALTER TABLE chat_filevector ADD CONSTRAINT chat_filevector_attachment_id_fk FOREIGN KEY (attachment_id)
    REFERENCES chat_attachment (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE chat_filevector ALTER COLUMN signs SET STATISTICS 0;
ALTER TABLE chat_filevector ALTER COLUMN data SET STATISTICS 0;
"""


class Migration(migrations.Migration):

    dependencies = [('chat', '0034_alike_letters')]

    operations = [
        migrations.AddField('attachment', 'vector_model', models.CharField(db_default='', default='', max_length=255)),
        migrations.AddField('attachment', 'vector_bytes', models.IntegerField(db_default=0, default=0)),
        migrations.AddField('attachment', 'embedded_at', models.DateTimeField(null=True)),
        migrations.AddField('attachment', 'embedding_until', models.DateTimeField(null=True)),
        migrations.AddIndex(
            'attachment',
            models.Index(
                condition=models.Q(('characters__gt', 0), ('embedded_at__isnull', True)),
                fields=['id'],
                name='attachment_unembedded',
            ),
        ),
        migrations.AddIndex(
            'attachment',
            models.Index(
                condition=models.Q(('embedded_at__isnull', False)), fields=['vector_model'], name='attachment_embedded'
            ),
        ),
        migrations.CreateModel(
            name='FileVector',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.IntegerField()),
                ('signs', chat.models.vectors.BitsField(null=True)),
                ('data', models.BinaryField(null=True)),
                ('attachment', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='vectors', to='chat.attachment')),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('attachment', 'position'), name='file_vector_once')],
            },
        ),
        migrations.RunSQL(VECTORS, migrations.RunSQL.noop),
        migrations.RunSQL(COUNT, UNCOUNT),
    ]
