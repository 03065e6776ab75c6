import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from rempart.kernel.migrating import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        CreateModels([
            migrations.CreateModel(
                name='User',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('password', models.CharField(max_length=128, verbose_name='password')),
                    ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                    ('email', models.EmailField(max_length=254, unique=True)),
                    ('name', models.CharField(max_length=200)),
                    ('language', models.CharField(choices=[('fr', 'Français'), ('en', 'English')], default='fr', max_length=2)),
                    ('is_active', models.BooleanField(default=True)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('preferences', models.JSONField(default=dict)),
                ],
            ),
            migrations.CreateModel(
                name='IdempotencyKey',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('key', models.CharField(max_length=200)),
                    ('request_digest', models.CharField(max_length=64)),
                    ('status', models.PositiveSmallIntegerField()),
                    ('response', models.JSONField()),
                    ('created_at', models.DateTimeField(db_index=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('user', 'key'), name='one_answer_per_key')],
                },
            ),
            migrations.CreateModel(
                name='AuditEntry',
                fields=[
                    ('seq', models.BigIntegerField(primary_key=True, serialize=False)),
                    ('at', models.DateTimeField()),
                    ('actor_id', models.BigIntegerField(null=True)),
                    ('actor_label', models.CharField(max_length=254)),
                    ('actor_kind', models.CharField(max_length=10)),
                    ('action', models.CharField(max_length=64)),
                    ('object_type', models.CharField(max_length=64)),
                    ('object_id', models.CharField(max_length=64)),
                    ('object_label', models.CharField(max_length=200)),
                    ('body_id', models.BigIntegerField(null=True)),
                    ('on_behalf_of', models.CharField(blank=True, max_length=200)),
                    ('reason', models.TextField(blank=True)),
                    ('before', models.JSONField(null=True)),
                    ('after', models.JSONField(null=True)),
                    ('origin', models.JSONField(default=dict)),
                    ('previous_hash', models.CharField(max_length=64)),
                    ('hash', models.CharField(max_length=64)),
                ],
                options={
                    'indexes': [models.Index(fields=['object_type', 'object_id'], name='audit_object'), models.Index(fields=['body_id', 'seq'], name='audit_body'), models.Index(fields=['actor_id', 'seq'], name='audit_actor')],
                },
            ),
            migrations.CreateModel(
                name='AuditHead',
                fields=[
                    ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                    ('seq', models.BigIntegerField(default=0)),
                    ('hash', models.CharField(default='0000000000000000000000000000000000000000000000000000000000000000', max_length=64)),
                ],
            ),
            migrations.CreateModel(
                name='OutboxEvent',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(max_length=64)),
                    ('aggregate', models.CharField(max_length=100)),
                    ('payload', models.JSONField(default=dict)),
                    ('created_at', models.DateTimeField()),
                    ('dispatched_at', models.DateTimeField(blank=True, null=True)),
                    ('claimed_until', models.DateTimeField(blank=True, null=True)),
                    ('attempts', models.PositiveSmallIntegerField(default=0)),
                    ('failures', models.PositiveSmallIntegerField(default=0)),
                    ('next_attempt_at', models.DateTimeField(blank=True, null=True)),
                    ('error', models.TextField(blank=True)),
                    ('parked', models.BooleanField(default=False)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('dispatched_at__isnull', True)), fields=['aggregate', 'id'], name='outbox_pending')],
                },
            ),
            migrations.CreateModel(
                name='ReactionDone',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('event', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reactions_done', to='kernel.outboxevent')),
                    ('reaction', models.CharField(max_length=120)),
                    ('at', models.DateTimeField()),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('event', 'reaction'), name='reaction_once_per_event')],
                },
            ),
            migrations.CreateModel(
                name='Job',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                    ('task_path', models.CharField(max_length=200)),
                    ('queue', models.CharField(default='default', max_length=32)),
                    ('priority', models.SmallIntegerField(default=0)),
                    ('args', models.JSONField(default=list)),
                    ('kwargs', models.JSONField(default=dict)),
                    ('state', models.CharField(choices=[('READY', 'Ready'), ('RUNNING', 'Running'), ('SUCCESSFUL', 'Successful'), ('FAILED', 'Failed')], default='READY', max_length=12)),
                    ('enqueued_at', models.DateTimeField()),
                    ('run_after', models.DateTimeField()),
                    ('started_at', models.DateTimeField(blank=True, null=True)),
                    ('finished_at', models.DateTimeField(blank=True, null=True)),
                    ('lease_until', models.DateTimeField(blank=True, null=True)),
                    ('worker', models.CharField(blank=True, max_length=64)),
                    ('attempts', models.PositiveSmallIntegerField(default=0)),
                    ('failures', models.PositiveSmallIntegerField(default=0)),
                    ('progress_done', models.BigIntegerField(default=0)),
                    ('progress_total', models.BigIntegerField(default=0)),
                    ('progress_note', models.CharField(blank=True, max_length=200)),
                    ('result', models.JSONField(null=True)),
                    ('errors', models.JSONField(default=list)),
                    ('dedupe_key', models.CharField(blank=True, max_length=200)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('finished_at__isnull', True)), fields=['-priority', 'run_after'], name='job_waiting'), models.Index(fields=['-enqueued_at'], name='job_recent')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'READY'), models.Q(('dedupe_key', ''), _negated=True)), fields=('dedupe_key',), name='one_waiting_job_per_key')],
                },
            ),
            migrations.CreateModel(
                name='Heartbeat',
                fields=[
                    ('name', models.CharField(max_length=100, primary_key=True, serialize=False)),
                    ('at', models.DateTimeField()),
                    ('detail', models.JSONField(default=dict)),
                ],
            ),
        ]),
    ]
