from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("detection", "0003_responses"),
    ]

    operations = [
        migrations.RenameField(
            model_name="responseaction",
            old_name="attempts",
            new_name="failures",
        ),
    ]
