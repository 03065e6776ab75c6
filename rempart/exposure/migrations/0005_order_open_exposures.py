from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exposure", "0004_seed_priorities")]

    operations = [
        migrations.AddIndex(
            "exposure",
            models.Index(condition=models.Q(("state", "open")), fields=["due_at"], name="exposure_open_due"),
        ),
    ]
