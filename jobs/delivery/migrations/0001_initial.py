# What:  the outbox: deliveries and their attempts, receivers, wishes, endpoints of webhooks and signing secrets.
# When:  at the first start of a version that delivers; no older code knows the tables.
# Size:  nothing to move.
# Back:  drops the tables; what waited in them is not delivered.

import django.db.models.deletion
import jobs.runtime.identity
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('jobs', '0003_schedule'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='OwnerSecret',
            fields=[
                ('sealed', models.TextField()),
                ('previous_sealed', models.TextField(blank=True)),
                ('previous_until', models.DateTimeField(blank=True, null=True)),
                ('owner', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='webhook_secret', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'signing secret',
                'verbose_name_plural': 'signing secrets',
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=jobs.runtime.identity.new_task_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=32, verbose_name='kind')),
                ('key', models.CharField(help_text='the same delivery is never made twice', max_length=200, unique=True)),
                ('target', models.JSONField(help_text='where it goes, as its sender understands it')),
                ('payload', models.JSONField(help_text='what it says; empty once it has arrived')),
                ('receiver', models.CharField(help_text='kind:name; whose rate limit counts', max_length=200, verbose_name='receiver')),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('sending', 'sending'), ('sent', 'sent'), ('dead', 'not delivered')], default='waiting', max_length=16, verbose_name='status')),
                ('attempt', models.PositiveIntegerField(default=0, help_text='attempts begun', verbose_name='attempt')),
                ('failures', models.PositiveSmallIntegerField(default=0, help_text='in a row, since it was last asked for')),
                ('next_at', models.DateTimeField(verbose_name='next attempt')),
                ('queued_until', models.DateTimeField(blank=True, help_text='Redis is believed to know it until then', null=True)),
                ('give_up_at', models.DateTimeField(blank=True, help_text='set by the first attempt', null=True)),
                ('worker', models.CharField(blank=True, max_length=120)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('error', models.CharField(blank=True, max_length=200, verbose_name='error')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('task', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deliveries', to='jobs.task', verbose_name='task')),
            ],
            options={
                'verbose_name': 'delivery',
                'verbose_name_plural': 'deliveries',
                'ordering': ['-id'],
                'permissions': [('send_again', 'Can send a dead delivery again')],
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
                ('outcome', models.CharField(choices=[('sent', 'sent'), ('failed', 'failed, tried again'), ('dead', 'failed for good'), ('lost', 'its sender died')], max_length=16)),
                ('status', models.PositiveSmallIntegerField(blank=True, help_text='what the receiver answered', null=True)),
                ('answer', models.CharField(blank=True, help_text='the beginning of what the receiver said', max_length=500)),
                ('error', models.CharField(blank=True, max_length=200)),
                ('delivery', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='delivery.delivery')),
            ],
            options={
                'verbose_name': 'attempt',
                'verbose_name_plural': 'attempts',
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='Endpoint',
            fields=[
                ('sealed', models.TextField()),
                ('previous_sealed', models.TextField(blank=True)),
                ('previous_until', models.DateTimeField(blank=True, null=True)),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('url', models.CharField(max_length=2000, verbose_name='address')),
                ('name', models.CharField(blank=True, help_text='what it is used for', max_length=80, verbose_name='name')),
                ('every_task', models.BooleanField(default=True, help_text='told of the end of each task', verbose_name='every task')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('disabled_at', models.DateTimeField(blank=True, null=True, verbose_name='disabled')),
                ('disabled_because', models.CharField(blank=True, max_length=80)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='endpoints', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
            ],
            options={
                'verbose_name': 'endpoint',
                'verbose_name_plural': 'endpoints',
                'ordering': ['-created_at'],
            },
        ),
        migrations.CreateModel(
            name='Receiver',
            fields=[
                ('name', models.CharField(max_length=200, primary_key=True, serialize=False, verbose_name='receiver')),
                ('spent_until', models.DateTimeField(blank=True, null=True)),
                ('resume_at', models.DateTimeField(blank=True, null=True, verbose_name='left alone until')),
                ('failures', models.PositiveIntegerField(default=0, help_text='rounds without an answer, in a row')),
                ('failing_since', models.DateTimeField(blank=True, null=True, verbose_name='silent since')),
                ('used_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'receiver',
                'verbose_name_plural': 'receivers',
                'indexes': [models.Index(condition=models.Q(('resume_at__isnull', False)), fields=['resume_at'], name='receiver_resume'), models.Index(fields=['used_at'], name='receiver_used')],
            },
        ),
        migrations.CreateModel(
            name='Wish',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=32)),
                ('target', models.JSONField()),
                ('receiver', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField()),
                ('task', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='wishes', to='jobs.task')),
            ],
            options={
                'verbose_name': 'wish',
                'verbose_name_plural': 'wishes',
            },
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['next_at'], name='delivery_due'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['receiver', 'next_at'], name='delivery_of_receiver'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'sending')), fields=['receiver'], name='delivery_under_way'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'sending')), fields=['leased_until'], name='delivery_leased'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['state', '-id'], name='delivery_state'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['kind', '-id'], name='delivery_kind'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['receiver', '-id'], name='delivery_to'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['owner', '-id'], name='delivery_owner'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['ended_at'], name='delivery_ended'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'sending', 'sent', 'dead'])), name='delivery_state_known'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'sending'), _negated=True), ('leased_until__isnull', False), _connector='OR'), name='delivery_sending_is_leased'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', False), ('state__in', ['sent', 'dead'])), models.Q(('ended_at__isnull', True), ('state__in', ['waiting', 'sending'])), _connector='OR'), name='delivery_final_has_ended'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(fields=('delivery', 'number'), name='one_delivery_attempt_per_number'),
        ),
        migrations.AddIndex(
            model_name='endpoint',
            index=models.Index(fields=['owner', '-created_at'], name='endpoint_owner'),
        ),
        migrations.AddIndex(
            model_name='endpoint',
            index=models.Index(condition=models.Q(('disabled_at__isnull', True), ('every_task', True)), fields=['owner'], name='endpoint_every_task'),
        ),
    ]
