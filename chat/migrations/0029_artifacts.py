"""Artifacts: the versions of documents in replies. Their texts stay in the messages, so nothing is counted twice."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

# Bytes of a row, its entries in indexes included, as in 0011.
ROW = 512

# The planner's statistics would quote titles. Deletions of threads delete what is counted of them.
ADDED = f"""
ALTER TABLE chat_artifact ADD CONSTRAINT artifact_message_gone
    FOREIGN KEY (message_id) REFERENCES chat_message ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE chat_artifact ALTER COLUMN title SET STATISTICS 0;
ALTER TABLE chat_artifact ALTER COLUMN name SET STATISTICS 0;

CREATE FUNCTION chat_count_artifact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_storedbytes (owner_id, thread, bytes)
    SELECT CASE WHEN withdrawn_at IS NULL THEN owner_id END, id, CASE TG_OP WHEN 'INSERT' THEN {ROW} ELSE -{ROW} END
    FROM chat_thread WHERE id = CASE TG_OP WHEN 'INSERT' THEN NEW.thread_id ELSE OLD.thread_id END;
    RETURN NULL;
END $$;
CREATE TRIGGER stored_bytes AFTER INSERT OR DELETE ON chat_artifact FOR EACH ROW EXECUTE FUNCTION chat_count_artifact();
"""
REMOVED = "DROP TRIGGER stored_bytes ON chat_artifact; DROP FUNCTION chat_count_artifact;"


class Migration(migrations.Migration):

    dependencies = [('chat', '0028_file_codes')]

    operations = [
        migrations.CreateModel(
            name='Artifact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.SmallIntegerField()),
                ('public_id', models.CharField(max_length=128)),
                ('version', models.IntegerField()),
                ('name', models.CharField(blank=True, max_length=200)),
                ('kind', models.CharField(max_length=32)),
                ('title', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('message', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='artifacts', to='chat.message')),
                ('owner', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('thread', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='chat.thread')),
            ],
            options={
                'default_permissions': (),
                'constraints': [
                    models.UniqueConstraint(fields=('owner', 'public_id', 'version'), name='artifact_version'),
                    models.UniqueConstraint(fields=('message', 'place'), name='artifact_place'),
                    models.CheckConstraint(condition=models.Q(('place__gte', 0), ('version__gte', 1)), name='artifact_numbers'),
                ],
            },
        ),
        migrations.RunSQL([ADDED], [REMOVED]),
    ]
