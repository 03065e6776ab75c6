"""Lists bounded to the days that hold rows; one body's list, and that by component, from an index alone."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assets', '0002_assets_by_name'),
        ('exposure', '0004_components_in_order'),
        ('intelligence', '0002_unread_ranges'),
        ('organisations', '0002_office_calendar'),
    ]

    operations = [
        migrations.CreateModel(
            name='ExposureDays',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('facet', models.IntegerField()),
                ('kind', models.CharField(max_length=6)),
                ('opened_on', models.DateField()),
                ('day', models.DateField()),
            ],
        ),
        migrations.RemoveIndex(
            model_name='exposure',
            name='exposure_body_facet',
        ),
        migrations.RemoveIndex(
            model_name='exposure',
            name='exposure_component',
        ),
        # As a statement: SQLite would copy the whole table to drop one index.
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "DROP INDEX IF EXISTS exposure_exposure_body_id_e10109a4",
                    "CREATE INDEX exposure_exposure_body_id_e10109a4 ON exposure_exposure (body_id)",
                )
            ],
            state_operations=[
                migrations.AlterField(
                    model_name='exposure',
                    name='body',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation'),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name='exposure',
            index=models.Index(fields=['body', 'facet', 'due_at', 'id', 'opened_at', 'closed_at', 'vulnerability', 'component', 'asset'], name='exposure_body_facet'),
        ),
        migrations.AddIndex(
            model_name='exposure',
            index=models.Index(fields=['component', 'vulnerability', 'asset', 'facet', 'id', 'body'], name='exposure_component'),
        ),
        migrations.AddIndex(
            model_name='exposuredays',
            index=models.Index(fields=['facet', 'kind', 'opened_on', 'day'], name='exposure_days'),
        ),
    ]
