"""Tables for what a body's filter says and for its packs, which its own people alone read."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0001_initial"),
        ("detection", "0004_failures_of_responses"),
    ]

    operations = [
        migrations.AddField("tuning", "shape", models.JSONField(default=dict)),
        migrations.AddField(
            "tuning",
            "category",
            models.CharField(
                choices=[
                    ("administration", "Administration"),
                    ("software", "Software"),
                    ("testing", "Testing"),
                    ("maintenance", "Maintenance"),
                    ("rule", "Rule"),
                    ("other", "Other"),
                ],
                default="other",
                max_length=16,
            ),
        ),
        migrations.AddField("tuning", "made_as", models.CharField(blank=True, max_length=20)),
        migrations.AlterField("pack", "contents", models.CharField(blank=True, max_length=64)),
        migrations.CreateModel(
            name="PackFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contents", models.CharField(max_length=64)),
                ("file", models.BinaryField()),
                ("body", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organisations.organisation")),
                ("pack", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="detection.pack")),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="TuningText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=300)),
                ("key", models.CharField(max_length=100)),
                ("text", models.TextField()),
                ("reason", models.TextField()),
                ("note", models.TextField(blank=True)),
                ("body", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organisations.organisation")),
                ("tuning", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="detection.tuning")),
            ],
        ),
        migrations.AddIndex("tuningtext", models.Index(fields=["body", "key"], name="tuning_text_by_key")),
    ]
