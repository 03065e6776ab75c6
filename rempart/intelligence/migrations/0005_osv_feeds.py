from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("intelligence", "0004_lifecycles"),
    ]

    operations = [
        migrations.AlterField(
            model_name="feed",
            name="kind",
            field=models.CharField(
                choices=[
                    ("kev", "Kev"),
                    ("cve", "Cve"),
                    ("epss", "Epss"),
                    ("csaf", "Csaf"),
                    ("osv", "Osv"),
                    ("eol", "Eol"),
                ],
                max_length=8,
            ),
        ),
    ]
