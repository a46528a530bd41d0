# What:  the table of files that people send for a function to work on.
# When:  before the code that takes files; the code before does not know it.
# Size:  one empty table; its rows live for a day.
# Back:  drops the table. Files under uploads/ in the storage stay and may be deleted by hand.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import jobs.runtime.identity


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0003_schedule'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.UUIDField(default=jobs.runtime.identity.new_task_id, editable=False, primary_key=True, serialize=False)),
                ('file', models.FileField(max_length=250, upload_to='')),
                ('bytes', models.PositiveBigIntegerField()),
                ('content_type', models.CharField(help_text='by its content, whatever the sender said', max_length=100)),
                ('seconds', models.FloatField(help_text='length of the recording')),
                ('sha256', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uploads', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
            ],
            options={
                'verbose_name': 'upload',
                'verbose_name_plural': 'uploads',
                'indexes': [models.Index(fields=['expires_at'], name='upload_expires')],
            },
        ),
    ]
