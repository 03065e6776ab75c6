"""No index of exposures that another can stand in for: each is written whenever a row closes."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('exposure', '0005_lists_from_indexes_alone'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='exposure',
            name='exposure_open_body',
        ),
        migrations.RemoveIndex(
            model_name='exposure',
            name='exposure_open_due',
        ),
        migrations.RemoveIndex(
            model_name='exposure',
            name='exposure_closed',
        ),
    ]
