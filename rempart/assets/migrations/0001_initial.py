import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import rempart.assets.models
from rempart.assets.migrations._search_index import create, remove
from rempart.kernel.migrating import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("organisations", "0001_initial"),
    ]

    operations = [
        CreateModels([
            migrations.CreateModel(
                name='Location',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('code', models.CharField(max_length=60)),
                    ('name_fr', models.CharField(max_length=200)),
                    ('name_en', models.CharField(blank=True, max_length=200)),
                    ('region', models.CharField(blank=True, max_length=100)),
                    ('cloud_provider', models.CharField(blank=True, max_length=60)),
                    ('cloud_region', models.CharField(blank=True, max_length=60)),
                    ('jurisdiction', models.CharField(default='QC-CA', max_length=60)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('body', 'code'), name='one_location_per_code')],
                },
            ),
            migrations.CreateModel(
                name='Asset',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('key', models.CharField(max_length=200)),
                    ('kind', models.CharField(choices=[('service', 'Service'), ('system', 'System'), ('server', 'Server'), ('workstation', 'Workstation'), ('network', 'Network'), ('application', 'Application'), ('container', 'Container'), ('ot', 'Ot'), ('other', 'Other')], default='server', max_length=12)),
                    ('name_fr', models.CharField(max_length=300)),
                    ('name_en', models.CharField(blank=True, max_length=300)),
                    ('description', models.TextField(blank=True)),
                    ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='assets_owned', to='organisations.person')),
                    ('location', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='assets', to='assets.location')),
                    ('network_exposure', models.CharField(choices=[('internal', 'Internal'), ('controlled', 'Controlled'), ('internet', 'Internet')], default='internal', max_length=12)),
                    ('environment', models.CharField(default='production', max_length=30)),
                    ('essential', models.BooleanField(default=False)),
                    ('rto_hours', models.PositiveIntegerField(blank=True, null=True)),
                    ('rpo_hours', models.PositiveIntegerField(blank=True, null=True)),
                    ('confidentiality', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(4)])),
                    ('integrity', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(4)])),
                    ('availability', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(4)])),
                    ('category_reason', models.TextField(blank=True)),
                    ('categorised_at', models.DateTimeField(blank=True, null=True)),
                    ('own_criticality', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(4)])),
                    ('criticality', models.PositiveSmallIntegerField(default=0)),
                    ('criticality_source', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='assets.asset')),
                    ('criticality_via', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='assets.asset')),
                    ('source', models.CharField(blank=True, max_length=60)),
                    ('first_seen_at', models.DateTimeField()),
                    ('last_seen_at', models.DateTimeField()),
                    ('retired_at', models.DateTimeField(blank=True, null=True)),
                    ('search_text', rempart.assets.models.FoldedText('key', 'name_fr', 'name_en', blank=True, db_default='', default='', editable=False)),
                ],
                options={
                    'indexes': [models.Index(fields=['body', 'kind', 'id'], name='asset_body_kind'), models.Index(fields=['kind', '-criticality', 'id'], name='asset_kind_criticality'), models.Index(fields=['key'], name='asset_key'), models.Index(condition=models.Q(('retired_at__isnull', True)), fields=['-criticality', 'id'], name='asset_live'), models.Index(condition=models.Q(('retired_at__isnull', True)), fields=['body', '-criticality', 'id'], name='asset_live_of_body')],
                    'constraints': [models.UniqueConstraint(fields=('body', 'key'), name='one_asset_per_key'), models.CheckConstraint(condition=models.Q(('availability__lte', 4), ('confidentiality__lte', 4), ('integrity__lte', 4), ('own_criticality__lte', 4)), name='asset_levels')],
                },
            ),
            migrations.CreateModel(
                name='Dependency',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('dependent', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='needs', to='assets.asset')),
                    ('dependency', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='needed_by', to='assets.asset')),
                    ('kind', models.CharField(default='runs_on', max_length=30)),
                    ('source', models.CharField(blank=True, max_length=60)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('dependent', 'dependency'), name='one_edge_per_pair'), models.CheckConstraint(condition=models.Q(('dependent', models.F('dependency')), _negated=True), name='no_edge_to_itself')],
                },
            ),
            migrations.CreateModel(
                name='Component',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('digest', models.CharField(max_length=64, unique=True)),
                    ('vendor', models.CharField(blank=True, max_length=300)),
                    ('product', models.CharField(blank=True, max_length=300)),
                    ('version', models.CharField(blank=True, max_length=200)),
                    ('purl', models.CharField(blank=True, max_length=600)),
                    ('cpe', models.CharField(blank=True, max_length=600)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('search_text', rempart.assets.models.FoldedText('vendor', 'product', 'purl', blank=True, db_default='', default='', editable=False)),
                ],
                options={
                    'indexes': [models.Index(fields=['product', 'id'], name='component_product')],
                },
            ),
            migrations.CreateModel(
                name='InventoryImport',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('source', models.CharField(max_length=60)),
                    ('kind', models.CharField(max_length=20)),
                    ('file_name', models.CharField(blank=True, max_length=255)),
                    ('file_path', models.CharField(blank=True, max_length=500)),
                    ('sha256', models.CharField(blank=True, max_length=64)),
                    ('complete', models.BooleanField(default=True)),
                    ('asset', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='assets.asset')),
                    ('mapping', models.JSONField(default=dict)),
                    ('state', models.CharField(choices=[('previewed', 'Previewed'), ('applied', 'Applied'), ('refused', 'Refused'), ('discarded', 'Discarded')], max_length=12)),
                    ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('created_at', models.DateTimeField()),
                    ('applied_at', models.DateTimeField(blank=True, null=True)),
                    ('observed_at', models.DateTimeField()),
                    ('rows', models.PositiveIntegerField(default=0)),
                    ('summary', models.JSONField(default=dict)),
                    ('errors', models.JSONField(default=list)),
                    ('error_count', models.PositiveIntegerField(default=0)),
                ],
                options={
                    'indexes': [models.Index(fields=['body', '-created_at'], name='import_recent')],
                },
            ),
            migrations.CreateModel(
                name='Install',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('asset', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='installs', to='assets.asset')),
                    ('component', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='installs', to='assets.component')),
                    ('source', models.CharField(max_length=60)),
                    ('first_seen_at', models.DateTimeField()),
                    ('last_seen_at', models.DateTimeField()),
                    ('removed_at', models.DateTimeField(blank=True, null=True)),
                    ('first_import', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assets.inventoryimport')),
                    ('last_import', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assets.inventoryimport')),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('removed_at__isnull', True)), fields=['component', 'body'], name='install_present'), models.Index(condition=models.Q(('removed_at__isnull', True)), fields=['body', 'source'], name='install_of_source')],
                    'constraints': [models.UniqueConstraint(fields=('asset', 'component', 'source'), name='one_install_per_source')],
                },
            ),
            migrations.CreateModel(
                name='ColumnMapping',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('source', models.CharField(max_length=60)),
                    ('mapping', models.JSONField(default=dict)),
                    ('updated_at', models.DateTimeField(auto_now=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('body', 'source'), name='one_mapping_per_source')],
                },
            ),
        ]),
        migrations.RunPython(create, remove),
    ]
