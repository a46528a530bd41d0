# What:  make the tables of the access room: API tokens, chat accounts, the audit book.
# When:  with the first start; nothing else depends on them yet.
# Size:  empty tables, no data.
# Back:  dropping them loses every token and the audit book; export the book first.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='what it is used for', max_length=80, verbose_name='name')),
                ('prefix', models.CharField(max_length=16, unique=True, verbose_name='prefix')),
                ('digest', models.CharField(help_text='SHA-256 of the whole secret, hexadecimal', max_length=64)),
                ('scopes', models.JSONField(default=list, verbose_name='scopes')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('last_used_at', models.DateTimeField(blank=True, help_text='to the minute', null=True, verbose_name='last used')),
                ('revoked_at', models.DateTimeField(blank=True, null=True, verbose_name='revoked')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'API token',
                'verbose_name_plural': 'API tokens',
                'ordering': ['-created_at', '-pk'],
                'indexes': [models.Index(fields=['user', '-created_at'], name='token_user')],
                'constraints': [models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='token_ends_after_start')],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(choices=[('task_cancelled', 'task cancelled'), ('task_retried', 'task run again'), ('token_issued', 'token issued'), ('token_revoked', 'token revoked')], max_length=32, verbose_name='action')),
                ('object_type', models.CharField(max_length=32, verbose_name='kind')),
                ('object_id', models.CharField(max_length=64, verbose_name='id')),
                ('details', models.JSONField(default=dict, help_text='ids and words of ours, no personal text', verbose_name='details')),
                ('created_at', models.DateTimeField(verbose_name='when')),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='audit_entries', to=settings.AUTH_USER_MODEL, verbose_name='who')),
            ],
            options={
                'verbose_name': 'audit entry',
                'verbose_name_plural': 'audit book',
                'ordering': ['-created_at', '-pk'],
                'default_permissions': ('view',),
                'indexes': [models.Index(fields=['-created_at'], name='audit_created'), models.Index(fields=['object_type', 'object_id'], name='audit_object')],
            },
        ),
        migrations.CreateModel(
            name='ChatAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('platform', models.CharField(choices=[('discord', 'Discord'), ('telegram', 'Telegram'), ('jwt', 'JWT')], max_length=16, verbose_name='platform')),
                ('external_id', models.CharField(max_length=255, verbose_name='id there')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='chat_accounts', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'chat account',
                'verbose_name_plural': 'chat accounts',
                'constraints': [models.UniqueConstraint(fields=('platform', 'external_id'), name='one_account_per_chat_user'), models.CheckConstraint(condition=models.Q(('platform__in', ['discord', 'telegram', 'jwt'])), name='chat_platform_known')],
            },
        ),
    ]
