import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from rempart.kernel.migrating import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        # allauth's tables are made while few models are linked to a user: Django draws all of those again
        # at each step of them.
        ("mfa", "0003_authenticator_type_uniq"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
        ("usersessions", "0001_initial"),
    ]

    operations = [
        CreateModels([
            migrations.CreateModel(
                name='Organisation',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('code', models.SlugField(max_length=40, unique=True)),
                    ('kind', models.CharField(choices=[('government', 'Government'), ('cgcd', 'Cgcd'), ('cocd', 'Cocd'), ('body', 'Body'), ('unit', 'Unit')], max_length=12)),
                    ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='organisations.organisation')),
                    ('path', models.CharField(db_index=True, default='/', max_length=200)),
                    ('name_fr', models.CharField(max_length=200)),
                    ('name_en', models.CharField(blank=True, max_length=200)),
                    ('sector', models.CharField(blank=True, max_length=60)),
                    ('essential', models.BooleanField(default=False)),
                    ('active_from', models.DateField()),
                    ('active_to', models.DateField(blank=True, null=True)),
                ],
                options={
                    'indexes': [models.Index(fields=['kind', 'code'], name='organisation_kind')],
                },
            ),
            migrations.CreateModel(
                name='OrganisationVersion',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='organisations.organisation')),
                    ('valid_from', models.DateField()),
                    ('valid_to', models.DateField(blank=True, null=True)),
                    ('parent', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('kind', models.CharField(choices=[('government', 'Government'), ('cgcd', 'Cgcd'), ('cocd', 'Cocd'), ('body', 'Body'), ('unit', 'Unit')], max_length=12)),
                    ('name_fr', models.CharField(max_length=200)),
                    ('name_en', models.CharField(blank=True, max_length=200)),
                    ('sector', models.CharField(blank=True, max_length=60)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('valid_to__isnull', True)), fields=('organisation',), name='one_current_version')],
                },
            ),
            migrations.CreateModel(
                name='DutyTitle',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('code', models.SlugField(max_length=30, unique=True)),
                    ('name_fr', models.CharField(max_length=200)),
                    ('name_en', models.CharField(max_length=200)),
                    ('receives_alerts', models.BooleanField(default=False)),
                    ('rank', models.PositiveSmallIntegerField(default=100)),
                ],
            ),
            migrations.CreateModel(
                name='Person',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('user', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='person', to=settings.AUTH_USER_MODEL)),
                    ('name', models.CharField(max_length=200)),
                    ('email', models.EmailField(max_length=254)),
                    ('phone', models.CharField(blank=True, max_length=40)),
                    ('language', models.CharField(choices=[('fr', 'Français'), ('en', 'English')], default='fr', max_length=2)),
                    ('active', models.BooleanField(default=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('body', 'email'), name='one_person_per_email')],
                },
            ),
            migrations.CreateModel(
                name='Duty',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='duties', to='organisations.person')),
                    ('title', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.dutytitle')),
                    ('deputy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deputises', to='organisations.person')),
                    ('starts_on', models.DateField()),
                    ('ends_on', models.DateField(blank=True, null=True)),
                ],
            ),
            migrations.CreateModel(
                name='OnCallPeriod',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='on_call', to='organisations.person')),
                    ('starts_at', models.DateTimeField()),
                    ('ends_at', models.DateTimeField()),
                    ('deputy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='organisations.person')),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='on_call_ends_after_start')],
                },
            ),
            migrations.CreateModel(
                name='ContactChannel',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='channels', to='organisations.person')),
                    ('medium', models.CharField(choices=[('email', 'Email'), ('webhook', 'Webhook')], max_length=10)),
                    ('address', models.CharField(max_length=500)),
                    ('secret', models.CharField(blank=True, max_length=200)),
                    ('immediate_from', models.CharField(choices=[('act_now', 'Act Now'), ('out_of_cycle', 'Out Of Cycle'), ('scheduled', 'Scheduled'), ('never', 'Never')], default='act_now', max_length=12)),
                    ('digest', models.BooleanField(default=True)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('verified_at', models.DateTimeField(blank=True, null=True)),
                    ('bounced_at', models.DateTimeField(blank=True, null=True)),
                    ('bounce_reason', models.CharField(blank=True, max_length=500)),
                    ('last_success_at', models.DateTimeField(blank=True, null=True)),
                    ('challenge_digest', models.CharField(blank=True, max_length=64)),
                    ('challenge_until', models.DateTimeField(blank=True, null=True)),
                    ('challenge_failures', models.PositiveSmallIntegerField(default=0)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('body', 'person', 'medium', 'address'), name='one_channel_per_address')],
                },
            ),
        ]),
    ]
