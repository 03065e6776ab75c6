from django.db import migrations

from rempart.engines.priority import DEFAULT_DEADLINES, DEFAULT_TABLE


def seed(apps, schema_editor):
    rule = apps.get_model("exposure", "PriorityRule")
    deadline = apps.get_model("exposure", "PriorityDeadline")
    rule.objects.bulk_create([rule(**row) for row in DEFAULT_TABLE.to_rows()], ignore_conflicts=True)
    deadline.objects.bulk_create([deadline(**row) for row in DEFAULT_DEADLINES.to_rows()], ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("exposure", "0003_count_deadlines_from_priority")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
