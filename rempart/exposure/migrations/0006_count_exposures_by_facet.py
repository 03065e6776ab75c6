from django.db import migrations, models
from django.db.models import Case, F, IntegerField, Value, When

_EXPLOITED = """
UPDATE exposure_exposure SET exploited = %s WHERE vulnerability_id IN
    (SELECT id FROM intelligence_vulnerability WHERE kev_added_on IS NOT NULL)
"""
_INTERNET = """
UPDATE exposure_exposure SET internet = %s WHERE asset_id IN
    (SELECT id FROM assets_asset WHERE network_exposure = 'internet')
"""


def repeat_facts(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_EXPLOITED, [True])
        cursor.execute(_INTERNET, [True])


def _place(field, *values):
    known = (When(**{field: value}, then=Value(place)) for place, value in enumerate(values))
    return Case(*known, default=Value(len(values)), output_field=IntegerField())


def _facet():
    """As ``exposure.facets`` stood at this migration."""
    found = _place("state", "open", "accepted", "not_affected", "verified")
    for size, part in (
        (4, _place("priority", "act_now", "out_of_cycle", "scheduled")),
        (2, _place("certainty", "affected")),
        (5, Case(When(criticality__lt=5, then=F("criticality")), default=Value(4))),
        (2, Case(When(exploited=True, then=Value(1)), default=Value(0))),
        (2, Case(When(internet=True, then=Value(1)), default=Value(0))),
    ):
        found = found * Value(size) + part
    return found


class Migration(migrations.Migration):
    dependencies = [
        ("assets", "0001_initial"),
        ("exposure", "0005_order_open_exposures"),
        ("intelligence", "0001_initial"),
        ("organisations", "0001_initial"),
    ]

    operations = [
        migrations.RemoveIndex("exposure", "exposure_body_due"),
        migrations.RemoveIndex("exposure", "exposure_due"),
        migrations.AddField("exposure", "exploited", models.BooleanField(default=False)),
        migrations.AddField("exposure", "internet", models.BooleanField(default=False)),
        migrations.RunPython(repeat_facts, migrations.RunPython.noop),
        migrations.AddField(
            "exposure",
            "facet",
            models.GeneratedField(expression=_facet(), output_field=models.IntegerField(), db_persist=True),
        ),
        migrations.AddIndex(
            "exposure", models.Index(fields=["facet", "due_at", "id"], name="exposure_facet_due")
        ),
        migrations.AddIndex(
            "exposure", models.Index(fields=["facet", "opened_at", "id"], name="exposure_facet_opened")
        ),
        migrations.AddIndex(
            "exposure", models.Index(fields=["facet", "closed_at", "id"], name="exposure_facet_closed")
        ),
        migrations.AddIndex(
            "exposure", models.Index(fields=["body", "facet", "due_at", "id"], name="exposure_body_facet")
        ),
        migrations.CreateModel(
            "ExposureCount",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "body",
                    models.ForeignKey(
                        on_delete=models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                    ),
                ),
                ("facet", models.IntegerField()),
                ("n", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("body", "facet"), name="one_count_per_facet")
                ],
            },
        ),
    ]
