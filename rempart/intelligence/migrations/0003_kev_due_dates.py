"""The dates that the catalogue of exploited vulnerabilities still sets, without reading every record."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intelligence', '0002_unread_ranges'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='vulnerability',
            index=models.Index(condition=models.Q(('kev_due_on__isnull', False)), fields=['kev_due_on'], name='vulnerability_kev_due'),
        ),
    ]
