"""Keep titles and comments that are replaced under a legal hold, in the database itself: whichever program replaces them."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

KEEP = """
ALTER TABLE chat_heldtext ADD CONSTRAINT held_text_message_gone
    FOREIGN KEY (message_id) REFERENCES chat_message ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE chat_heldtext ADD CONSTRAINT held_text_thread_gone
    FOREIGN KEY (thread_id) REFERENCES chat_thread ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION chat_keep_title() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_heldtext (thread_id, text) SELECT OLD.id, OLD.title
    WHERE EXISTS (SELECT FROM chat_hold WHERE thread_id = OLD.id OR user_id = OLD.owner_id);
    RETURN NULL;
END $$;
CREATE TRIGGER keep_held_title AFTER UPDATE OF title ON chat_thread FOR EACH ROW
    WHEN (OLD.title <> NEW.title AND OLD.title <> '') EXECUTE FUNCTION chat_keep_title();

CREATE FUNCTION chat_keep_feedback() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_heldtext (thread_id, message_id, text, score)
    SELECT OLD.thread_id, OLD.id, OLD.feedback_comment, OLD.feedback_score
    WHERE EXISTS (SELECT FROM chat_hold WHERE thread_id = OLD.thread_id OR user_id = OLD.owner_id);
    RETURN NULL;
END $$;
CREATE TRIGGER keep_held_feedback AFTER UPDATE OF feedback_comment, feedback_score ON chat_message FOR EACH ROW
    WHEN ((OLD.feedback_comment, OLD.feedback_score) IS DISTINCT FROM (NEW.feedback_comment, NEW.feedback_score)
          AND (OLD.feedback_comment <> '' OR OLD.feedback_score <> 0)) EXECUTE FUNCTION chat_keep_feedback();
"""

FORGET = """
DROP TRIGGER keep_held_title ON chat_thread; DROP TRIGGER keep_held_feedback ON chat_message;
DROP FUNCTION chat_keep_title; DROP FUNCTION chat_keep_feedback;
ALTER TABLE chat_heldtext DROP CONSTRAINT held_text_message_gone, DROP CONSTRAINT held_text_thread_gone;
"""


class Migration(migrations.Migration):

    dependencies = [('chat', '0011_stored_bytes')]

    operations = [
        migrations.CreateModel(
            name='HeldText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField(blank=True)),
                ('score', models.SmallIntegerField(db_default=0, default=0)),
                ('replaced_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('message', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='held_texts', to='chat.message')),
                ('thread', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='held_texts', to='chat.thread')),
            ],
            options={'default_permissions': ()},
        ),
        migrations.RunSQL([KEEP], [FORGET]),
    ]
