import django.db.models.deletion
from django.db import migrations, models

import rempart.kernel.time
from rempart.kernel.migrating import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("organisations", "0001_initial"),
    ]

    operations = [
        CreateModels([
            migrations.CreateModel(
                name='Snapshot',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('day', models.DateField()),
                    ('indicator', models.CharField(max_length=60)),
                    ('value', models.FloatField(null=True)),
                    ('numerator', models.FloatField(null=True)),
                    ('denominator', models.FloatField(null=True)),
                    ('taken_at', models.DateTimeField(default=rempart.kernel.time.now)),
                ],
                options={
                    'indexes': [models.Index(fields=['body', 'day'], name='snapshot_body_day')],
                    'constraints': [models.UniqueConstraint(fields=('indicator', 'body', 'day'), name='one_value_per_day')],
                },
            ),
        ]),
    ]
