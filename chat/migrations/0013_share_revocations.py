"""The audit log's entry for a link that staff revoked. Old code never writes it and reads it as any other text."""

from django.db import migrations, models

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
]


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0012_held_texts'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='auditlogentry',
            name='access_action',
        ),
        migrations.AlterField(
            model_name='auditlogentry',
            name='action',
            field=models.CharField(choices=ACTIONS, max_length=16),
        ),
        migrations.AddConstraint(
            model_name='auditlogentry',
            constraint=models.CheckConstraint(condition=models.Q(('action__in', [name for name, _ in ACTIONS])), name='access_action'),
        ),
    ]
