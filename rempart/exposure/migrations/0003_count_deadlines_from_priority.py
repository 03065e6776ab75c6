import django.db.models.deletion
from django.db import migrations, models

import rempart.kernel.time


class Migration(migrations.Migration):
    dependencies = [("exposure", "0002_initial")]

    operations = [
        migrations.AddField("exposure", "priority_since", models.DateTimeField(default=rempart.kernel.time.now)),
        migrations.AddField("exposure", "changed_at", models.DateTimeField(default=rempart.kernel.time.now)),
        migrations.AlterField(
            "exposure", "asset",
            models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="exposures", to="assets.asset"
            ),
        ),
        migrations.AlterField(
            "exposure", "component",
            models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="exposures",
                to="assets.component",
            ),
        ),
        migrations.AlterField(
            "exposure", "vulnerability",
            models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="exposures",
                to="intelligence.vulnerability",
            ),
        ),
        migrations.RemoveField("prioritydeadline", "hours"),
        migrations.AddField(
            "prioritydeadline", "amount", models.PositiveIntegerField(default=48), preserve_default=False
        ),
        migrations.AddField("prioritydeadline", "unit", models.CharField(default="hours", max_length=5)),
    ]
