from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("assets", "0005_live_asset_indexes")]

    operations = [
        migrations.AddIndex("component", models.Index(fields=["product", "id"], name="component_product")),
    ]
