"""Rows of one time in the order of the other are found in an index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exposure", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="exposure", name="exposure_facet_due"),
        migrations.RemoveIndex(model_name="exposure", name="exposure_facet_opened"),
        migrations.RemoveIndex(model_name="exposure", name="exposure_facet_closed"),
        migrations.AddIndex(
            model_name="exposure",
            index=models.Index(
                fields=["facet", "due_at", "id", "opened_at", "body"], name="exposure_facet_due"
            ),
        ),
        migrations.AddIndex(
            model_name="exposure",
            index=models.Index(
                fields=["facet", "opened_at", "id", "due_at", "body"], name="exposure_facet_opened"
            ),
        ),
        migrations.AddIndex(
            model_name="exposure",
            index=models.Index(
                fields=["facet", "closed_at", "id", "due_at", "opened_at", "body"],
                name="exposure_facet_closed",
                condition=models.Q(closed_at__isnull=False),
            ),
        ),
    ]
