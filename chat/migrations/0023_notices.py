"""Notices of requests to a person, requests that staff answer, and the bytes that requests and answers take.

All columns have a default in the database for the older program, which stores requests without notices.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Now

# Bytes of a request's row beside its texts, its entries in indexes included.
ROW = 512

STATES = ['pending', 'sending', 'sent', 'failed', 'unknown', 'skipped']

ACTIONS = [
    ('listed', 'saw in a list'),
    ('searched', 'searched'),
    ('looked', 'read'),
    ('hidden', 'read, hidden parts too'),
    ('replayed', 'replayed'),
    ('exported', 'exported'),
    ('redacted', 'redacted'),
    ('held', 'put under legal hold'),
    ('lifted', 'lifted a legal hold'),
    ('suspended', 'suspended'),
    ('restored', 'restored'),
    ('signed_out', 'ended sessions'),
    ('erased', 'erased'),
    ('stopped', 'stopped a response'),
    ('revoked', 'revoked a link'),
    ('approved', 'approved a tool call'),
    ('rejected', 'rejected a tool call'),
]

# Whichever program deletes a request or a user, the notices go with it.
DELETE = """
ALTER TABLE chat_notice ADD CONSTRAINT notice_request_gone
    FOREIGN KEY (request_id) REFERENCES chat_personrequest ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE chat_notice ADD CONSTRAINT notice_user_gone
    FOREIGN KEY (user_id) REFERENCES chat_user ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""
KEEP = """
ALTER TABLE chat_notice DROP CONSTRAINT notice_request_gone;
ALTER TABLE chat_notice DROP CONSTRAINT notice_user_gone;
"""

COUNT = f"""
CREATE FUNCTION chat_request_bytes(r chat_personrequest) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT {ROW} + octet_length(r.tool) + octet_length(r.message) + coalesce(octet_length(r.arguments), 0)
        + coalesce(octet_length(r.schema), 0) + coalesce(octet_length(r.answer), 0)
$$;
CREATE FUNCTION chat_count_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_storedbytes (owner_id, thread, bytes)
    SELECT CASE WHEN t.withdrawn_at IS NULL THEN t.owner_id END, t.id, chat_request_bytes(NEW)
        - CASE TG_OP WHEN 'UPDATE' THEN chat_request_bytes(OLD) ELSE 0 END
    FROM chat_response r JOIN chat_thread t ON t.id = r.thread_id WHERE r.id = NEW.response_id;
    RETURN NULL;
END $$;
CREATE TRIGGER stored_bytes_insert AFTER INSERT ON chat_personrequest FOR EACH ROW EXECUTE FUNCTION chat_count_request();
CREATE TRIGGER stored_bytes_update AFTER UPDATE OF arguments, schema, message, answer ON chat_personrequest FOR EACH ROW
    WHEN (chat_request_bytes(NEW) <> chat_request_bytes(OLD)) EXECUTE FUNCTION chat_count_request();
CREATE FUNCTION chat_uncount_requests() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat_storedbytes (owner_id, thread, bytes)
    SELECT CASE WHEN t.withdrawn_at IS NULL THEN t.owner_id END, t.id, -sum(chat_request_bytes(g))
    FROM gone g JOIN chat_response r ON r.id = g.response_id JOIN chat_thread t ON t.id = r.thread_id GROUP BY t.id;
    RETURN NULL;
END $$;
CREATE TRIGGER stored_bytes_delete AFTER DELETE ON chat_personrequest REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION chat_uncount_requests();
"""
UNCOUNT = """
DROP TRIGGER stored_bytes_insert ON chat_personrequest; DROP TRIGGER stored_bytes_update ON chat_personrequest;
DROP TRIGGER stored_bytes_delete ON chat_personrequest;
DROP FUNCTION chat_uncount_requests; DROP FUNCTION chat_count_request; DROP FUNCTION chat_request_bytes;
"""
# The requests that are there: they were counted nowhere before.
EXISTING = """
INSERT INTO chat_storedbytes (owner_id, thread, bytes)
SELECT CASE WHEN t.withdrawn_at IS NULL THEN t.owner_id END, t.id, sum(chat_request_bytes(q))
FROM chat_personrequest q JOIN chat_response r ON r.id = q.response_id JOIN chat_thread t ON t.id = r.thread_id
GROUP BY t.id
"""


def child(name, to):
    """Return the arguments of a foreign key that the database itself enforces and cascades."""
    return {'db_constraint': False, 'on_delete': django.db.models.deletion.DO_NOTHING, 'related_name': name, 'to': to}


class Migration(migrations.Migration):

    dependencies = [('chat', '0022_server_connections')]

    operations = [
        migrations.AddField(
            'user', 'language', models.CharField(blank=True, db_default='', default='', editable=False, max_length=16)
        ),
        migrations.AddField('personrequest', 'by_staff', models.BooleanField(db_default=False, default=False)),
        migrations.AlterModelOptions(
            'personrequest',
            {
                'default_permissions': ('view',),
                'permissions': [('answer_requests', 'Can decide on requests that staff answer')],
            },
        ),
        migrations.RemoveConstraint('auditlogentry', 'access_action'),
        migrations.AlterField('auditlogentry', 'action', models.CharField(choices=ACTIONS, max_length=16)),
        migrations.AddConstraint(
            'auditlogentry',
            models.CheckConstraint(condition=Q(action__in=[name for name, _ in ACTIONS]), name='access_action'),
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                (
                    'channel',
                    models.CharField(choices=[('mail', 'Mail'), ('webhook', 'Webhook')], max_length=16),
                ),
                (
                    'state',
                    models.CharField(
                        choices=[(state, state.capitalize()) for state in STATES],
                        db_default='pending',
                        default='pending',
                        max_length=16,
                    ),
                ),
                ('attempts', models.IntegerField(db_default=0, default=0)),
                ('due_at', models.DateTimeField(db_default=Now())),
                ('changed_at', models.DateTimeField(db_default=Now())),
                ('request', models.ForeignKey(**child('notices', 'chat.personrequest'))),
                ('user', models.ForeignKey(blank=True, null=True, **child('+', settings.AUTH_USER_MODEL))),
            ],
            options={
                'default_permissions': (),
                'indexes': [
                    models.Index(condition=Q(state='pending'), fields=['channel', 'due_at'], name='notice_due'),
                ],
                'constraints': [
                    models.UniqueConstraint(
                        condition=Q(channel='mail'), fields=('request', 'user'), name='notice_one_mail'
                    ),
                    models.UniqueConstraint(
                        condition=Q(channel='webhook'), fields=('request',), name='notice_one_webhook_call'
                    ),
                    models.CheckConstraint(
                        condition=Q(channel='mail', user__isnull=False) | Q(channel='webhook', user=None),
                        name='notice_recipient',
                    ),
                    models.CheckConstraint(condition=Q(state__in=STATES), name='notice_state'),
                ],
            },
        ),
        migrations.RunSQL([DELETE], [KEEP]),
        # Here the table is locked until the commit: a request is counted by its trigger, or as one that is there.
        migrations.RunSQL([COUNT], [UNCOUNT]),
        migrations.RunSQL([EXISTING], migrations.RunSQL.noop),
    ]
