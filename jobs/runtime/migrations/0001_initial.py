# What:  the four tables of the runtime: Task, Attempt, Result, Artifact.
# When:  before the first process starts; it needs nothing but Django's own users.
# Size:  empty tables.
# Back:  drops them with every task; nothing to keep yet.

import django.db.models.deletion
import jobs.runtime.identity
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Task',
            fields=[
                ('id', models.UUIDField(default=jobs.runtime.identity.new_task_id, editable=False, primary_key=True, serialize=False)),
                ('function', models.CharField(max_length=64, verbose_name='function')),
                ('source', models.CharField(choices=[('api', 'Api'), ('page', 'Page'), ('admin', 'Admin'), ('command', 'Command'), ('discord', 'Discord'), ('telegram', 'Telegram'), ('schedule', 'Schedule')], max_length=16, verbose_name='source')),
                ('order_key', models.CharField(help_text='tasks with the same key share one fair place in the queue', max_length=120)),
                ('queue', models.CharField(max_length=32, verbose_name='queue')),
                ('priority', models.PositiveSmallIntegerField(choices=[(0, 'Urgent'), (1, 'Normal'), (2, 'Low'), (3, 'Bulk')], default=1, verbose_name='priority')),
                ('inputs', models.JSONField(verbose_name='input')),
                ('status', models.CharField(choices=[('pending', 'waiting'), ('processing', 'processing'), ('retry', 'retrying'), ('success', 'done'), ('failure', 'failed'), ('cancelled', 'cancelled')], default='pending', max_length=16, verbose_name='status')),
                ('worker', models.CharField(blank=True, help_text='host:pid namespace:pid:start', max_length=120, verbose_name='worker')),
                ('engine_id', models.CharField(blank=True, help_text="django-q2's id of the running attempt", max_length=64)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('not_before', models.DateTimeField(blank=True, help_text="the end of a retry's delay", null=True)),
                ('attempt', models.PositiveIntegerField(default=0, help_text='executions begun', verbose_name='attempt')),
                ('deaths', models.PositiveSmallIntegerField(default=0, help_text='executions that ended with their worker')),
                ('retries', models.PositiveSmallIntegerField(default=0)),
                ('max_retries', models.PositiveSmallIntegerField(default=0)),
                ('progress', models.PositiveSmallIntegerField(default=0, help_text='0..100', verbose_name='progress')),
                ('current_step', models.CharField(blank=True, max_length=64)),
                ('step', models.PositiveSmallIntegerField(default=0)),
                ('total_steps', models.PositiveSmallIntegerField(default=0)),
                ('steps', models.JSONField(default=list, help_text='[[step, seconds since the start of the attempt], ...]')),
                ('error_type', models.CharField(blank=True, choices=[('network_error', 'Network'), ('timeout_error', 'Timeout'), ('data_validation_error', 'Data Validation'), ('resource_error', 'Resource'), ('ai_service_error', 'Ai Service')], max_length=32, verbose_name='error')),
                ('error_code', models.CharField(blank=True, max_length=64)),
                ('error_field', models.CharField(blank=True, max_length=120)),
                ('error_message', models.TextField(blank=True)),
                ('idempotency_key', models.CharField(blank=True, max_length=255, null=True)),
                ('body_hash', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('started_at', models.DateTimeField(blank=True, help_text='of the newest attempt', null=True, verbose_name='started')),
                ('completed_at', models.DateTimeField(blank=True, null=True, verbose_name='completed')),
                ('updated_at', models.DateTimeField()),
                ('content_until', models.DateTimeField(blank=True, help_text='text and files are erased after this', null=True)),
                ('kept_until', models.DateTimeField(blank=True, help_text='the row is deleted after this', null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tasks', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='children', to='jobs.task')),
                ('retried_from', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.task')),
            ],
            options={
                'verbose_name': 'task',
                'verbose_name_plural': 'tasks',
                'ordering': ['-id'],
                'permissions': [('cancel_task', 'Can cancel a task'), ('retry_task', 'Can run a finished task again')],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('worker', models.CharField(max_length=120)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField()),
                ('outcome', models.CharField(choices=[('success', 'done'), ('failure', 'failed'), ('retry', 'failed, retried'), ('cancelled', 'cancelled'), ('died', 'worker died'), ('stopped', 'handed back')], max_length=16)),
                ('error_type', models.CharField(blank=True, choices=[('network_error', 'Network'), ('timeout_error', 'Timeout'), ('data_validation_error', 'Data Validation'), ('resource_error', 'Resource'), ('ai_service_error', 'Ai Service')], max_length=32)),
                ('error_code', models.CharField(blank=True, max_length=64)),
                ('error_message', models.TextField(blank=True)),
                ('task', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='jobs.task')),
            ],
            options={
                'verbose_name': 'attempt',
                'verbose_name_plural': 'attempts',
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='Artifact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('content_type', models.CharField(max_length=100)),
                ('bytes', models.PositiveBigIntegerField()),
                ('file', models.FileField(max_length=250, upload_to='')),
                ('created_at', models.DateTimeField()),
                ('task', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='artifacts', to='jobs.task')),
            ],
            options={
                'verbose_name': 'artifact',
                'verbose_name_plural': 'artifacts',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Result',
            fields=[
                ('task', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='result', serialize=False, to='jobs.task')),
                ('output', models.JSONField()),
                ('processing_seconds', models.FloatField()),
                ('model_version', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'result',
                'verbose_name_plural': 'results',
                'indexes': [models.Index(fields=['created_at'], name='result_created')],
            },
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('status__in', ['pending', 'retry'])), fields=['id'], name='task_waiting'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('status', 'processing')), fields=['leased_until'], name='task_leased'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('status', 'processing')), fields=['worker'], name='task_worker'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(fields=['owner', '-id'], name='task_owner'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(fields=['function', '-id'], name='task_function'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(fields=['status', '-id'], name='task_status'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(fields=['created_at'], name='task_created'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('kept_until__isnull', False)), fields=['kept_until'], name='task_kept'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('content_until__isnull', False)), fields=['content_until'], name='task_content'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.UniqueConstraint(condition=models.Q(('idempotency_key__isnull', False)), fields=('owner', 'idempotency_key'), name='one_task_per_key'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.CheckConstraint(condition=models.Q(('progress__lte', 100)), name='task_progress_percent'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.CheckConstraint(condition=models.Q(('priority__lte', 3)), name='task_priority_0_to_3'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'processing', 'retry', 'success', 'failure', 'cancelled'])), name='task_status_known'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'processing'), _negated=True), ('leased_until__isnull', False), _connector='OR'), name='task_processing_is_leased'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('completed_at__isnull', False), ('status__in', ('success', 'failure', 'cancelled'))), models.Q(models.Q(('status__in', ('success', 'failure', 'cancelled')), _negated=True), ('completed_at__isnull', True)), _connector='OR'), name='task_final_is_completed'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(fields=('task', 'number'), name='one_attempt_per_number'),
        ),
        migrations.AddConstraint(
            model_name='artifact',
            constraint=models.UniqueConstraint(fields=('task', 'name'), name='one_artifact_per_name'),
        ),
    ]
