# What:  columns for unique keys, ordered groups and batches on Task, for log lines on Attempt; paused queues.
# When:  before the code that fills them; null or a default in the database, so the code before goes on inserting.
# Size:  every task and attempt gets constant columns; the two new indexes start empty.
# Back:  drops the columns; tasks that wait for others would then run at once.

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Pause',
            fields=[
                ('queue', models.CharField(max_length=32, primary_key=True, serialize=False, verbose_name='queue')),
                ('paused_at', models.DateTimeField(verbose_name='paused')),
                ('paused_by', models.CharField(blank=True, help_text='a user name; empty: a command', max_length=150, verbose_name='by')),
            ],
            options={
                'verbose_name': 'paused queue',
                'verbose_name_plural': 'paused queues',
            },
        ),
        migrations.AddField(
            model_name='attempt',
            name='log',
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list, help_text='[[seconds since the start, level, sentence, fields], ...]'),
        ),
        migrations.AddField(
            model_name='task',
            name='awaits_children',
            field=models.BooleanField(db_default=False, default=False, help_text='runs once all its parts have ended'),
        ),
        migrations.AddField(
            model_name='task',
            name='sequence_key',
            field=models.CharField(blank=True, max_length=200, null=True),
        ),
        migrations.AddField(
            model_name='task',
            name='siblings_at_once',
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='task',
            name='unique_key',
            field=models.CharField(blank=True, max_length=255, null=True),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('sequence_key__isnull', False)), fields=['sequence_key', 'status', 'id'], name='task_sequence'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['pending', 'processing', 'retry']), ('unique_key__isnull', False)), fields=('owner', 'function', 'unique_key'), name='one_open_task_per_unique_key'),
        ),
    ]
