"""The ladders that were climbed until now, as data that the command centre edits."""

from typing import Any

from django.db import migrations, models

# (priority, rung, minutes, counted in open hours). The officer is told when the directive is sent.
STEPS = (
    ("act_now", "officer", 0, False),
    ("act_now", "deputy", 30, False),
    ("act_now", "cocd", 60, False),
    ("act_now", "cgcd", 120, False),
    ("out_of_cycle", "officer", 0, False),
    ("out_of_cycle", "deputy", 4 * 60, True),
    ("out_of_cycle", "cocd", 8 * 60, True),
    ("out_of_cycle", "cgcd", 16 * 60, True),
    ("scheduled", "officer", 0, False),
    ("scheduled", "deputy", 16 * 60, True),
    ("scheduled", "cocd", 40 * 60, True),
)


def keep_steps(apps: Any, schema_editor: Any) -> None:
    step = apps.get_model("alerts", "EscalationStep")
    names = ("priority", "rung", "minutes", "business")
    step.objects.bulk_create(step(**dict(zip(names, row, strict=True))) for row in STEPS)


class Migration(migrations.Migration):
    dependencies = [("alerts", "0002_target_standing")]

    operations = [
        migrations.CreateModel(
            name="EscalationStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("priority", models.CharField(max_length=12)),
                ("rung", models.CharField(max_length=10)),
                ("minutes", models.PositiveIntegerField()),
                ("business", models.BooleanField(default=False)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("priority", "rung"), name="a_rung_is_told_once")
                ],
            },
        ),
        migrations.RunPython(keep_steps, migrations.RunPython.noop),
    ]
