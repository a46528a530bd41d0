# What:  menu pictures: a job beside the task of the function `image`, and a row for each dish.
# When:  at the first start of a version that draws; no older code knows the tables.
# Size:  nothing to move.
# Back:  drops the tables; the files in the storage's folder `pictures` stay and may be deleted by hand.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('jobs', '0004_upload'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ImageJob',
            fields=[
                ('task', models.OneToOneField(db_column='id', on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='image_job', serialize=False, to='jobs.task')),
                ('job_id', models.CharField(help_text='img_YYYYmmdd_HHMMSS_xxxxxx, UTC', max_length=40, unique=True, verbose_name='job')),
                ('session_id', models.CharField(blank=True, help_text='as the client named it', max_length=200)),
                ('categories', models.JSONField(help_text='names, in the order of the menu', verbose_name='categories')),
                ('mode', models.CharField(choices=[('queue', 'by the workers'), ('sync', 'in the web process')], default='queue', max_length=8, verbose_name='mode')),
                ('chunk_size', models.PositiveSmallIntegerField()),
                ('total_items', models.PositiveIntegerField(verbose_name='dishes')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
            ],
            options={
                'verbose_name': 'picture job',
                'verbose_name_plural': 'picture jobs',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='MenuImage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text='in the menu, from 0')),
                ('category', models.PositiveIntegerField(help_text="which of the job's categories, from 0")),
                ('japanese_name', models.CharField(max_length=1000, verbose_name='dish')),
                ('english_name', models.CharField(blank=True, max_length=1000, verbose_name='English name')),
                ('description', models.TextField(blank=True, verbose_name='description')),
                ('status', models.CharField(choices=[('pending', 'waiting'), ('done', 'done'), ('failed', 'failed')], default='pending', max_length=8, verbose_name='status')),
                ('file', models.FileField(blank=True, max_length=250, upload_to='')),
                ('bytes', models.PositiveIntegerField(default=0)),
                ('width_pixels', models.PositiveIntegerField(default=0)),
                ('height_pixels', models.PositiveIntegerField(default=0)),
                ('provider', models.CharField(blank=True, max_length=64, verbose_name='provider')),
                ('model', models.CharField(blank=True, max_length=120, verbose_name='model')),
                ('is_placeholder', models.BooleanField(default=False, verbose_name='illustration')),
                ('skipped', models.JSONField(default=list)),
                ('cost_usd', models.DecimalField(blank=True, decimal_places=5, max_digits=10, null=True, verbose_name='cost in USD')),
                ('error', models.CharField(blank=True, max_length=64, verbose_name='error')),
                ('seconds', models.FloatField(blank=True, help_text='of drawing, without waiting', null=True, verbose_name='seconds')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='images', to='images.imagejob')),
            ],
            options={
                'verbose_name': 'picture',
                'verbose_name_plural': 'pictures',
                'ordering': ['job', 'position'],
            },
        ),
        migrations.AddIndex(
            model_name='imagejob',
            index=models.Index(fields=['owner', '-task'], name='image_job_history'),
        ),
        migrations.AddConstraint(
            model_name='imagejob',
            constraint=models.CheckConstraint(condition=models.Q(('mode__in', ['queue', 'sync'])), name='image_job_mode_known'),
        ),
        migrations.AddConstraint(
            model_name='imagejob',
            constraint=models.CheckConstraint(condition=models.Q(('chunk_size__gte', 1)), name='image_job_chunk_size'),
        ),
        migrations.AddIndex(
            model_name='menuimage',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['job'], name='image_pending'),
        ),
        migrations.AddIndex(
            model_name='menuimage',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['ended_at'], name='image_ended'),
        ),
        migrations.AddConstraint(
            model_name='menuimage',
            constraint=models.UniqueConstraint(fields=('job', 'position'), name='one_picture_per_dish'),
        ),
        migrations.AddConstraint(
            model_name='menuimage',
            constraint=models.UniqueConstraint(condition=models.Q(('file', ''), _negated=True), fields=('file',), name='one_picture_per_file'),
        ),
        migrations.AddConstraint(
            model_name='menuimage',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'done', 'failed'])), name='image_status_known'),
        ),
        migrations.AddConstraint(
            model_name='menuimage',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('status', 'pending')), models.Q(models.Q(('status', 'pending'), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='image_end_has_a_moment'),
        ),
        migrations.AddConstraint(
            model_name='menuimage',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'failed'), _negated=True), models.Q(('error', ''), _negated=True), _connector='OR'), name='image_failure_has_a_code'),
        ),
    ]
