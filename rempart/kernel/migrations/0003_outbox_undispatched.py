"""What waits to be dispatched, found without reading what was."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('kernel', '0002_initial'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='outboxevent',
            index=models.Index(fields=['dispatched_at', 'id'], name='outbox_undispatched'),
        ),
    ]
