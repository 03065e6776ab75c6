import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import rempart.kernel.time
from rempart.alerts.migrations._default_rule import add
from rempart.kernel.migrating import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("intelligence", "0001_initial"),
        ("organisations", "0001_initial"),
    ]

    operations = [
        CreateModels([
            migrations.CreateModel(
                name='AlertRule',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name_fr', models.CharField(max_length=200)),
                    ('name_en', models.CharField(max_length=200)),
                    ('enabled', models.BooleanField(default=True)),
                    ('kev_only', models.BooleanField(default=True)),
                    ('minimum_priority', models.CharField(default='act_now', max_length=12)),
                    ('kev_added_within_days', models.PositiveIntegerField(blank=True, null=True)),
                    ('marking', models.CharField(default='TLP:AMBER', max_length=20)),
                ],
            ),
            migrations.CreateModel(
                name='Directive',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('number', models.CharField(max_length=20, unique=True)),
                    ('vulnerability', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='directives', to='intelligence.vulnerability')),
                    ('audience', models.CharField(choices=[('exposed', 'Exposed'), ('portfolio', 'Portfolio'), ('all', 'All')], max_length=10)),
                    ('portfolio', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('title_fr', models.CharField(max_length=300)),
                    ('title_en', models.CharField(max_length=300)),
                    ('text_fr', models.TextField(blank=True)),
                    ('text_en', models.TextField(blank=True)),
                    ('marking', models.CharField(default='TLP:AMBER', max_length=20)),
                    ('priority', models.CharField(max_length=12)),
                    ('state', models.CharField(choices=[('open', 'Open'), ('closed', 'Closed'), ('cancelled', 'Cancelled')], default='open', max_length=10)),
                    ('issued_at', models.DateTimeField()),
                    ('issued_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('issued_by_rule', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='alerts.alertrule')),
                    ('due_at', models.DateTimeField()),
                    ('closed_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'indexes': [models.Index(fields=['state', 'due_at'], name='directive_due')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'open'), ('vulnerability__isnull', False)), fields=('vulnerability',), name='one_open_directive_per_vulnerability')],
                },
            ),
            migrations.CreateModel(
                name='Target',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('directive', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='targets', to='alerts.directive')),
                    ('state', models.CharField(choices=[('sent', 'Sent'), ('delivered', 'Delivered'), ('acknowledged', 'Acknowledged'), ('in_progress', 'In Progress'), ('declared', 'Declared'), ('verified', 'Verified'), ('not_affected', 'Not Affected'), ('accepted', 'Accepted'), ('withdrawn', 'Withdrawn')], default='sent', max_length=12)),
                    ('priority', models.CharField(max_length=12)),
                    ('sent_at', models.DateTimeField()),
                    ('alerted_at', models.DateTimeField(default=rempart.kernel.time.now)),
                    ('delivered_at', models.DateTimeField(blank=True, null=True)),
                    ('acknowledged_at', models.DateTimeField(blank=True, null=True)),
                    ('acknowledged_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('assigned_to', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='organisations.person')),
                    ('declared_at', models.DateTimeField(blank=True, null=True)),
                    ('verified_at', models.DateTimeField(blank=True, null=True)),
                    ('closed_at', models.DateTimeField(blank=True, null=True)),
                    ('due_at', models.DateTimeField()),
                    ('delay_requested_until', models.DateTimeField(blank=True, null=True)),
                    ('delay_reason', models.TextField(blank=True)),
                    ('delayed_until', models.DateTimeField(blank=True, null=True)),
                    ('accepted_until', models.DateTimeField(blank=True, null=True)),
                    ('rung', models.PositiveSmallIntegerField(default=0)),
                    ('escalate_at', models.DateTimeField(blank=True, null=True)),
                    ('reopened', models.PositiveSmallIntegerField(default=0)),
                    ('exposures_total', models.PositiveIntegerField(default=0)),
                    ('exposures_open', models.PositiveIntegerField(default=0)),
                ],
                options={
                    'indexes': [models.Index(fields=['body', 'state', 'due_at'], name='target_inbox'), models.Index(condition=models.Q(('verified_at__isnull', False)), fields=['verified_at'], name='target_verified'), models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['due_at'], name='target_open_due'), models.Index(condition=models.Q(('closed_at__isnull', True), ('escalate_at__isnull', False)), fields=['escalate_at'], name='target_escalation')],
                    'constraints': [models.UniqueConstraint(fields=('directive', 'body'), name='a_body_is_alerted_once')],
                },
            ),
            migrations.CreateModel(
                name='TargetEvent',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('target', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='alerts.target')),
                    ('at', models.DateTimeField()),
                    ('kind', models.CharField(max_length=30)),
                    ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('actor_label', models.CharField(max_length=254)),
                    ('on_behalf', models.BooleanField(default=False)),
                    ('reason', models.TextField(blank=True)),
                    ('detail', models.JSONField(default=dict)),
                ],
                options={
                    'indexes': [models.Index(fields=['target', 'at'], name='targetevent_timeline'), models.Index(fields=['-at'], name='targetevent_recent')],
                },
            ),
            migrations.CreateModel(
                name='Delivery',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('body', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                    ('target', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='alerts.target')),
                    ('channel', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deliveries', to='organisations.contactchannel')),
                    ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='organisations.person')),
                    ('occasion', models.CharField(max_length=30)),
                    ('rung', models.CharField(default='officer', max_length=10)),
                    ('dedupe_key', models.CharField(max_length=200, unique=True)),
                    ('state', models.CharField(choices=[('queued', 'Queued'), ('sent', 'Sent'), ('retrying', 'Retrying'), ('failed', 'Failed'), ('bounced', 'Bounced'), ('digested', 'Digested')], default='queued', max_length=10)),
                    ('attempts', models.PositiveSmallIntegerField(default=0)),
                    ('failures', models.PositiveSmallIntegerField(default=0)),
                    ('created_at', models.DateTimeField()),
                    ('next_attempt_at', models.DateTimeField()),
                    ('claimed_until', models.DateTimeField(blank=True, null=True)),
                    ('sent_at', models.DateTimeField(blank=True, null=True)),
                    ('message_id', models.CharField(blank=True, max_length=250)),
                    ('error', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('state__in', ['queued', 'retrying'])), fields=['next_attempt_at'], name='delivery_due'), models.Index(fields=['target', 'state'], name='delivery_target'), models.Index(condition=models.Q(('sent_at__isnull', True), ('state', 'digested')), fields=['channel'], name='delivery_awaiting_digest'), models.Index(fields=['-created_at'], name='delivery_recent')],
                },
            ),
        ]),
        migrations.RunPython(add, migrations.RunPython.noop),
    ]
