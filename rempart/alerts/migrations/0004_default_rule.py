"""The rule a government starts with: what is known to be exploited and must be acted on now is sent at once."""

from django.db import migrations


def add(apps, schema_editor):
    AlertRule = apps.get_model("alerts", "AlertRule")
    if not AlertRule.objects.exists():
        AlertRule.objects.create(
            name_fr="Vulnérabilité activement exploitée, à traiter maintenant",
            name_en="Known exploited vulnerability to act on now",
            enabled=True,
            kev_only=True,
            minimum_priority="act_now",
            marking="TLP:AMBER",
        )


class Migration(migrations.Migration):
    dependencies = [("alerts", "0003_escalation_clock_and_digests")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
