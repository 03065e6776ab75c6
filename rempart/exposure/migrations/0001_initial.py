import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import rempart.kernel.time
from rempart.exposure.migrations._priorities import seed
from rempart.kernel.migrating import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("assets", "0001_initial"),
        ("intelligence", "0001_initial"),
        ("organisations", "0001_initial"),
    ]

    operations = [
        CreateModels([
            migrations.CreateModel(
                name='ProductAlias',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('key', models.CharField(max_length=300, unique=True)),
                    ('canonical', models.CharField(db_index=True, max_length=300)),
                    ('confidence', models.FloatField(default=1.0)),
                    ('provenance', models.CharField(max_length=200)),
                    ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('decided_at', models.DateTimeField(auto_now_add=True)),
                ],
            ),
            migrations.CreateModel(
                name='ComponentKey',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('component', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='keys', to='assets.component')),
                    ('key', models.CharField(max_length=300)),
                    ('confidence', models.FloatField(default=1.0)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('key', 'component'), name='component_by_key')],
                },
            ),
            migrations.CreateModel(
                name='Finding',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('component', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='findings', to='assets.component')),
                    ('vulnerability', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='findings', to='intelligence.vulnerability')),
                    ('status', models.CharField(max_length=12)),
                    ('source', models.CharField(max_length=120)),
                    ('range', models.CharField(max_length=500)),
                    ('reason', models.CharField(max_length=40)),
                    ('detail', models.JSONField(default=dict)),
                    ('confidence', models.FloatField()),
                    ('first_found_at', models.DateTimeField()),
                    ('last_changed_at', models.DateTimeField()),
                ],
                options={
                    'indexes': [models.Index(fields=['component', 'status'], name='finding_component')],
                    'constraints': [models.UniqueConstraint(fields=('vulnerability', 'component'), name='one_finding_per_pair')],
                },
            ),
            migrations.CreateModel(
                name='Exposure',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('asset', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='exposures', to='assets.asset')),
                    ('component', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='exposures', to='assets.component')),
                    ('vulnerability', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='exposures', to='intelligence.vulnerability')),
                    ('certainty', models.CharField(default='affected', max_length=12)),
                    ('state', models.CharField(choices=[('open', 'Open'), ('verified', 'Verified'), ('not_affected', 'Not Affected'), ('accepted', 'Accepted'), ('withdrawn', 'Withdrawn')], default='open', max_length=12)),
                    ('priority', models.CharField(default='scheduled', max_length=12)),
                    ('priority_since', models.DateTimeField(default=rempart.kernel.time.now)),
                    ('criticality', models.PositiveSmallIntegerField(default=0)),
                    ('exploited', models.BooleanField(default=False)),
                    ('internet', models.BooleanField(default=False)),
                    ('facet', models.GeneratedField(db_persist=True, expression=django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.Case(models.When(state='open', then=models.Value(0)), models.When(state='accepted', then=models.Value(1)), models.When(state='not_affected', then=models.Value(2)), models.When(state='verified', then=models.Value(3)), default=models.Value(4), output_field=models.IntegerField()), '*', models.Value(4)), '+', models.Case(models.When(priority='act_now', then=models.Value(0)), models.When(priority='out_of_cycle', then=models.Value(1)), models.When(priority='scheduled', then=models.Value(2)), default=models.Value(3), output_field=models.IntegerField())), '*', models.Value(2)), '+', models.Case(models.When(certainty='affected', then=models.Value(0)), default=models.Value(1), output_field=models.IntegerField())), '*', models.Value(5)), '+', models.Case(models.When(criticality__lt=5, then=models.F('criticality')), default=models.Value(4))), '*', models.Value(2)), '+', models.Case(models.When(exploited=True, then=models.Value(1)), default=models.Value(0))), '*', models.Value(2)), '+', models.Case(models.When(internet=True, then=models.Value(1)), default=models.Value(0))), output_field=models.IntegerField())),
                    ('opened_at', models.DateTimeField()),
                    ('due_at', models.DateTimeField(blank=True, null=True)),
                    ('closed_at', models.DateTimeField(blank=True, null=True)),
                    ('changed_at', models.DateTimeField(default=rempart.kernel.time.now)),
                    ('reopened', models.PositiveSmallIntegerField(default=0)),
                    ('proof', models.JSONField(default=dict)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('state', 'open')), fields=['vulnerability', 'body', 'facet', 'asset'], name='exposure_open_vuln'), models.Index(fields=['asset', 'state', 'certainty'], name='exposure_asset'), models.Index(condition=models.Q(('state', 'open')), fields=['body', 'vulnerability'], name='exposure_open_body'), models.Index(fields=['facet', 'due_at', 'id'], name='exposure_facet_due'), models.Index(fields=['facet', 'opened_at', 'id', 'body'], name='exposure_facet_opened'), models.Index(fields=['facet', 'closed_at', 'id'], name='exposure_facet_closed'), models.Index(fields=['body', 'facet', 'due_at', 'id'], name='exposure_body_facet'), models.Index(condition=models.Q(('state', 'open')), fields=['due_at'], name='exposure_open_due'), models.Index(fields=['component', 'vulnerability'], name='exposure_component'), models.Index(condition=models.Q(('closed_at__isnull', False)), fields=['closed_at'], name='exposure_closed')],
                    'constraints': [models.UniqueConstraint(fields=('vulnerability', 'asset', 'component'), name='one_exposure_each')],
                },
            ),
            migrations.CreateModel(
                name='ExposureCount',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('facet', models.IntegerField()),
                    ('n', models.BigIntegerField()),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('body', 'facet'), name='one_count_per_facet')],
                },
            ),
            migrations.CreateModel(
                name='Statement',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('vulnerability', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='intelligence.vulnerability')),
                    ('component', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assets.component')),
                    ('kind', models.CharField(choices=[('not_affected', 'Not Affected'), ('risk_accepted', 'Risk Accepted')], max_length=14)),
                    ('justification', models.CharField(blank=True, max_length=60)),
                    ('explanation', models.TextField()),
                    ('compensating_measure', models.TextField(blank=True)),
                    ('valid_until', models.DateTimeField(blank=True, null=True)),
                    ('state', models.CharField(choices=[('proposed', 'Proposed'), ('accepted', 'Accepted'), ('refused', 'Refused'), ('expired', 'Expired')], default='proposed', max_length=10)),
                    ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('made_at', models.DateTimeField()),
                    ('reviewed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('reviewed_at', models.DateTimeField(blank=True, null=True)),
                    ('review_note', models.TextField(blank=True)),
                    ('offered_at', models.DateTimeField(blank=True, null=True)),
                    ('offered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('adopted_from', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='adoptions', to='exposure.statement')),
                ],
            ),
            migrations.CreateModel(
                name='PriorityRule',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('exploitation', models.CharField(max_length=8)),
                    ('exposure', models.CharField(max_length=12)),
                    ('impact', models.CharField(max_length=12)),
                    ('automatable', models.CharField(max_length=4)),
                    ('outcome', models.CharField(max_length=12)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('exploitation', 'exposure', 'impact', 'automatable'), name='one_outcome_per_combination')],
                },
            ),
            migrations.CreateModel(
                name='PriorityDeadline',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('outcome', models.CharField(max_length=12, unique=True)),
                    ('amount', models.PositiveIntegerField()),
                    ('unit', models.CharField(default='hours', max_length=5)),
                    ('business', models.BooleanField(default=False)),
                ],
            ),
            migrations.CreateModel(
                name='ComponentSupport',
                fields=[
                    ('component', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='support', serialize=False, to='assets.component')),
                    ('product', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='intelligence.lifecycleproduct')),
                    ('cycle', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='intelligence.lifecyclecycle')),
                    ('ends_on', models.DateField(blank=True, null=True)),
                    ('past', models.BooleanField(null=True)),
                    ('extended_on', models.DateField(blank=True, null=True)),
                    ('confidence', models.FloatField(default=0.0)),
                    ('key', models.CharField(blank=True, max_length=300)),
                ],
            ),
            migrations.CreateModel(
                name='SupportHolding',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('component', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='assets.component')),
                    ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='intelligence.lifecycleproduct')),
                    ('cycle', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='intelligence.lifecyclecycle')),
                    ('ends_on', models.DateField(blank=True, null=True)),
                    ('past', models.BooleanField(null=True)),
                    ('extended_on', models.DateField(blank=True, null=True)),
                    ('assets', models.PositiveIntegerField()),
                    ('internet', models.PositiveIntegerField(default=0)),
                    ('criticality', models.PositiveSmallIntegerField(default=0)),
                ],
                options={
                    'indexes': [models.Index(fields=['body', 'ends_on'], name='holding_of_body'), models.Index(fields=['ends_on', 'id'], name='holding_ends')],
                    'constraints': [models.UniqueConstraint(fields=('body', 'component'), name='one_holding_each')],
                },
            ),
            migrations.CreateModel(
                name='ProductDifference',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('key', models.CharField(max_length=300)),
                    ('other', models.CharField(max_length=300)),
                    ('reason', models.CharField(blank=True, max_length=200)),
                    ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('decided_at', models.DateTimeField(auto_now_add=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('key', 'other'), name='one_difference_per_pair')],
                },
            ),
            migrations.CreateModel(
                name='SourceRank',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(max_length=20, unique=True)),
                    ('rank', models.PositiveSmallIntegerField()),
                ],
            ),
            migrations.CreateModel(
                name='MatchRun',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(choices=[('feed', 'Feed'), ('rematch', 'Rematch'), ('identity', 'Identity'), ('precedence', 'Precedence')], max_length=10)),
                    ('feed', models.CharField(blank=True, max_length=60)),
                    ('feed_run', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='intelligence.feedrun')),
                    ('started_at', models.DateTimeField()),
                    ('finished_at', models.DateTimeField(blank=True, null=True)),
                    ('kept', models.PositiveIntegerField(default=0)),
                    ('left_out', models.PositiveIntegerField(default=0)),
                ],
                options={
                    'indexes': [models.Index(fields=['-started_at'], name='matchrun_recent')],
                },
            ),
            migrations.CreateModel(
                name='VerdictChange',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='verdicts', to='exposure.matchrun')),
                    ('component', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='assets.component')),
                    ('vulnerability', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='intelligence.vulnerability')),
                    ('cause', models.CharField(max_length=12)),
                    ('before', models.JSONField(default=dict)),
                    ('after', models.JSONField(default=dict)),
                    ('changed_at', models.DateTimeField()),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('run', 'vulnerability', 'component'), name='one_change_per_pair_and_run')],
                },
            ),
            migrations.CreateModel(
                name='ExposureMove',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='moves', to='exposure.matchrun')),
                    ('component', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='assets.component')),
                    ('vulnerability', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='intelligence.vulnerability')),
                    ('exposure', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='exposure.exposure')),
                    ('verdict', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='moves', to='exposure.verdictchange')),
                    ('move', models.CharField(choices=[('opened', 'Opened'), ('reopened', 'Reopened'), ('withdrawn', 'Withdrawn'), ('verified', 'Verified'), ('stated', 'Stated'), ('revised', 'Revised'), ('restated', 'Restated')], max_length=10)),
                    ('n', models.PositiveIntegerField()),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('run', 'body', 'vulnerability', 'component', 'move'), name='one_move_each')],
                },
            ),
        ]),
        migrations.RunPython(seed, migrations.RunPython.noop),
    ]
