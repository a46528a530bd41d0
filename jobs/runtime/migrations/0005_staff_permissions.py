# What:  name the permissions to empty a queue, to end a worker, and to read what people sent and were given.
# When:  at any time; Django makes the permissions themselves after it.
# Size:  no table is touched.
# Back:  nothing to undo.

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0004_upload'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='task',
            options={
                'ordering': ['-id'],
                'permissions': [
                    ('cancel_task', 'Can cancel a task'),
                    ('retry_task', 'Can run a finished task again'),
                    ('purge_queue', 'Can cancel all that waits in a queue'),
                    ('stop_worker', 'Can end a worker'),
                    ('view_content', 'Can read what people sent and were given'),
                ],
                'verbose_name': 'task',
                'verbose_name_plural': 'tasks',
            },
        ),
    ]
