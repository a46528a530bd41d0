# What:  the tables of the weather: who wants it announced, and each announcement of a local day.
# When:  with the first start; nothing else depends on them yet.
# Size:  empty tables, no data.
# Back:  dropping them loses the subscriptions; sounds that were made stay in the storage.

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
            name='Announcement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('date', models.DateField(help_text="of the place's calendar", verbose_name='date')),
                ('announcement_at', models.DateTimeField(verbose_name='announced')),
                ('place', models.CharField(blank=True, max_length=80, verbose_name='place')),
                ('status', models.CharField(choices=[('queued', 'being made'), ('ready', 'made'), ('failed', 'failed'), ('missed', 'missed')], default='queued', max_length=16, verbose_name='status')),
                ('file', models.CharField(blank=True, help_text='its name in the storage', max_length=120)),
                ('deliver_to', models.JSONField(default=list, verbose_name='brought to')),
                ('error', models.CharField(blank=True, max_length=64, verbose_name='error')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('task', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.task', verbose_name='task')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='announcements', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'announcement',
                'verbose_name_plural': 'announcements',
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['announcement_at'], name="announcement_spoken"), models.Index(fields=['status', '-id'], name='announcement_status')],
                'constraints': [models.UniqueConstraint(fields=('user', 'date'), name='one_announcement_per_day'), models.CheckConstraint(condition=models.Q(('status__in', ['queued', 'ready', 'failed', 'missed'])), name='announcement_status_known')],
            },
        ),
        migrations.CreateModel(
            name='WeatherSubscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('announcement_time', models.TimeField(help_text='on the clocks of the time zone', verbose_name='announcement time')),
                ('time_zone', models.CharField(help_text='IANA', max_length=64, verbose_name='time zone')),
                ('place', models.CharField(blank=True, help_text='as it is found again; with coordinates only what it is called', max_length=80, verbose_name='place')),
                ('is_by_coordinates', models.BooleanField(default=False, verbose_name='by coordinates')),
                ('latitude', models.FloatField(verbose_name='latitude')),
                ('longitude', models.FloatField(verbose_name='longitude')),
                ('voice', models.CharField(max_length=64, verbose_name='voice')),
                ('days', models.JSONField(help_text='["mon", ...]', verbose_name='days')),
                ('deliver_to', models.JSONField(default=list, help_text='[{"kind", "id"}, ...]', verbose_name='brought to')),
                ('is_on', models.BooleanField(default=True, verbose_name='switched on')),
                ('next_due_at', models.DateTimeField(blank=True, null=True, verbose_name='made next')),
                ('next_date', models.DateField(blank=True, help_text='the local date of that announcement', null=True)),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('updated_at', models.DateTimeField(verbose_name='changed')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='weather_subscription', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'weather subscription',
                'verbose_name_plural': 'weather subscriptions',
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('next_due_at__isnull', False)), fields=['next_due_at', 'id'], name='weather_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('latitude__range', (-90, 90))), name='weather_latitude_possible'), models.CheckConstraint(condition=models.Q(('longitude__range', (-180, 180))), name='weather_longitude_possible'), models.CheckConstraint(condition=models.Q(models.Q(('next_date__isnull', True), ('next_due_at__isnull', True)), models.Q(('next_date__isnull', False), ('next_due_at__isnull', False)), _connector='OR'), name='weather_due_with_its_date')],
            },
        ),
    ]
