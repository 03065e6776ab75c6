"""The shared table of filters keeps nothing of what they say.

Apart from the move: PostgreSQL alters no table in the transaction that changed its rows.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("detection", "0006_filters_said_once")]

    operations = [migrations.RemoveField("tuning", name) for name in ("title", "key", "text", "reason")]
