"""The ranges that no version can be compared with are kept, to be counted.

Those of statements already stored are found by ``rempart rematch --identities``, as identity keys are.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intelligence", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="UnreadRange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=30)),
                ("text", models.CharField(max_length=200)),
                (
                    "affected",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="unread",
                        to="intelligence.affectedproduct",
                    ),
                ),
                (
                    "vulnerability",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="intelligence.vulnerability",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["reason", "vulnerability"], name="unread_by_reason")],
            },
        ),
    ]
