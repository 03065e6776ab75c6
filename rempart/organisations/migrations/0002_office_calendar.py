"""The office hours that were counted until now, as data that the command centre edits."""

from typing import Any

from django.conf import settings
from django.db import migrations, models


def keep_hours(apps: Any, schema_editor: Any) -> None:
    apps.get_model("organisations", "OfficeCalendar").objects.create(
        id=1,
        time_zone=settings.TIME_ZONE,
        statutory_holidays=True,
        week=[["08:30", "16:30"]] * 5 + [None, None],
        closed_days=[],
    )


class Migration(migrations.Migration):
    dependencies = [("organisations", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="OfficeCalendar",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("time_zone", models.CharField(max_length=60)),
                ("statutory_holidays", models.BooleanField(default=True)),
                ("week", models.JSONField(default=list)),
                ("closed_days", models.JSONField(default=list)),
            ],
        ),
        migrations.RunPython(keep_hours, migrations.RunPython.noop),
    ]
