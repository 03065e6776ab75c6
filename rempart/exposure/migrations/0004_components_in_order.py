"""The list by component is in order in an index, with what passes its filters."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exposure", "0003_statements_taken_back")]

    operations = [
        migrations.RemoveIndex(model_name="exposure", name="exposure_component"),
        migrations.AddIndex(
            model_name="exposure",
            index=models.Index(
                fields=["component", "vulnerability", "asset", "facet"], name="exposure_component"
            ),
        ),
    ]
