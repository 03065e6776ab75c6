"""An index that tells by itself how the bodies of a directive stand."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_initial")]

    operations = [
        migrations.AddIndex(
            model_name="target",
            index=models.Index(fields=["directive", "state", "due_at", "body"], name="target_standing"),
        ),
    ]
