"""The kind of reason why a file could not be read. Files of an older program have none, and keep their sentence."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0027_sign_ins")]
    operations = [
        migrations.AddField(
            "attachment", "detail_code", models.CharField(max_length=16, default="", db_default="")
        ),
    ]
