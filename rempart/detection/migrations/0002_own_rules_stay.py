"""The texts and test cases of a body's own rules stay in the body: none is shared until its people say so."""

from django.db import migrations, models
from django.utils.crypto import salted_hmac

_BATCH = 500


def _reduce(apps, schema_editor):
    """Of a body's own rules, what leaves the body remains; names by which correlations call go to the texts."""
    rules = apps.get_model("detection", "Rule").objects
    versions = apps.get_model("detection", "RuleVersion").objects
    for name, current in list(rules.exclude(name="").values_list("name", "current_id")):
        versions.filter(pk=current).update(name=name)
    own = list(rules.exclude(body=None))
    for rule in own:
        rule.author = rule.licence = rule.reason = ""
        rule.tags = [tag for tag in rule.tags if str(tag).startswith("attack.")]
        if rule.path:
            # As kept_path does now.
            rule.path = salted_hmac(
                "detection.path", f"{rule.body_id} {rule.path}", algorithm="sha256"
            ).hexdigest()
    rules.bulk_update(own, ["author", "licence", "reason", "tags", "path"], batch_size=_BATCH)


def _drop_policies(apps, schema_editor):
    """The wall of these tables is narrower: it is built anew after the migrations (``walls.build``)."""
    if schema_editor.connection.vendor == "postgresql":
        for table in ("detection_ruleversion", "detection_case", "detection_release"):
            schema_editor.execute(f"DROP POLICY IF EXISTS own_bodies ON {table}")


class Migration(migrations.Migration):
    dependencies = [
        ("detection", "0001_initial"),
    ]

    operations = [
        migrations.AddField("case", "shared", models.BooleanField(default=False)),
        migrations.AddField("rule", "shared", models.BooleanField(default=False)),
        migrations.AddField("ruleversion", "shared", models.BooleanField(default=False)),
        migrations.AddField("ruleversion", "name", models.CharField(blank=True, max_length=200)),
        migrations.RunPython(_reduce, migrations.RunPython.noop),
        migrations.RunPython(_drop_policies, migrations.RunPython.noop),
        migrations.RemoveField("rule", "name"),
    ]
