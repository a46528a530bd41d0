# What:  the schedules' side: Schedule, a proxy of django-q2's table; Firing, what became of each due time; Leader.
# When:  before the code that fires them; the code before does not know them and goes on with its own periods.
# Size:  two empty tables; at most 50 rows of Firing for each schedule. Nothing is copied or locked.
# Back:  drops the two tables; django-q2's rows stay and are fired by nobody.

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('django_q', '0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more'),
        ('jobs', '0002_order_and_batches'),
    ]

    operations = [
        migrations.CreateModel(
            name='Leader',
            fields=[
                ('duty', models.CharField(max_length=32, primary_key=True, serialize=False)),
                ('holder', models.CharField(help_text='host:pid namespace:pid:start', max_length=120)),
                ('held_until', models.DateTimeField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Schedule',
            fields=[
            ],
            options={
                'verbose_name': 'schedule',
                'verbose_name_plural': 'schedules',
                'permissions': [('run_schedule', 'Can run a schedule now')],
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('django_q.schedule',),
        ),
        migrations.CreateModel(
            name='Firing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField()),
                ('outcome', models.CharField(choices=[('started', 'started'), ('still_running', 'left out: the run before had not ended'), ('missed', 'left out: nothing ran at the time'), ('refused', 'refused')], max_length=16)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('task_id', models.UUIDField(null=True)),
                ('created_at', models.DateTimeField()),
                ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='firings', to='jobs.schedule')),
            ],
            options={
                'ordering': ['-due_at'],
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('schedule', 'due_at'), name='one_firing_per_due_time')],
            },
        ),
    ]
