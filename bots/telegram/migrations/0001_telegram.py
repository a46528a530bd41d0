# What:  make the tables of the Telegram bot: updates, messages and their parts, chats, wishes.
# When:  with the first start; nothing else depends on them yet.
# Size:  empty tables, no data.
# Back:  dropping them loses who wants which language, and a week of history.

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('access', '0003_guild_actions'),
        ('jobs', '0003_schedule'),
    ]

    operations = [
        migrations.CreateModel(
            name='Chat',
            fields=[
                ('chat_id', models.BigIntegerField(primary_key=True, serialize=False, verbose_name='chat')),
                ('answers_all', models.BooleanField(default=False, help_text='in a group; else only what is addressed to the bot', verbose_name='answers everything')),
                ('blocked_at', models.DateTimeField(blank=True, help_text='the bot may not write there', null=True, verbose_name='blocked')),
            ],
            options={
                'verbose_name': 'Telegram chat',
                'verbose_name_plural': 'Telegram chats',
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('chat_id', models.BigIntegerField(verbose_name='chat')),
                ('message_id', models.BigIntegerField(verbose_name='message')),
                ('user_id', models.BigIntegerField(verbose_name='Telegram user')),
                ('kind', models.CharField(choices=[('text', 'text'), ('voice', 'voice note'), ('audio', 'sound file'), ('video_note', 'video note')], max_length=16, verbose_name='kind')),
                ('text', models.TextField(blank=True, verbose_name='text')),
                ('file_id', models.CharField(blank=True, help_text="Telegram's name of the sound", max_length=255)),
                ('language', models.CharField(choices=[('ja', 'Japanese'), ('en', 'English')], max_length=2, verbose_name='language')),
                ('status', models.CharField(choices=[('pending', 'waiting'), ('processing', 'processing'), ('done', 'done'), ('error', 'failed')], default='pending', max_length=16, verbose_name='status')),
                ('error_code', models.CharField(blank=True, max_length=64, verbose_name='error')),
                ('run', models.PositiveSmallIntegerField(default=0, help_text='tries that were asked for by hand', verbose_name='run')),
                ('ack_message_id', models.BigIntegerField(blank=True, null=True, verbose_name='acknowledgement')),
                ('ack_digest', models.CharField(blank=True, max_length=32)),
                ('ack_edits', models.PositiveSmallIntegerField(default=0, help_text='of this run')),
                ('ack_edited_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('updated_at', models.DateTimeField(verbose_name='updated')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='access.chataccount', verbose_name='chat account')),
            ],
            options={
                'verbose_name': 'Telegram message',
                'verbose_name_plural': 'Telegram messages',
            },
        ),
        migrations.CreateModel(
            name='Part',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run', models.PositiveSmallIntegerField()),
                ('role', models.CharField(choices=[('hear', 'heard'), ('say', 'said')], max_length=8)),
                ('number', models.PositiveSmallIntegerField(help_text='its place in a text that is said in several')),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('message', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='telegram.message')),
                ('task', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.task')),
            ],
            options={
                'verbose_name': 'part of a Telegram message',
                'verbose_name_plural': 'parts of Telegram messages',
            },
        ),
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(blank=True, choices=[('ja', 'Japanese'), ('en', 'English')], help_text='empty: as Telegram says', max_length=2, verbose_name='language')),
                ('speaks_back', models.BooleanField(default=False, help_text='reads aloud again what was said in a voice note', verbose_name='speaks back')),
                ('account', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='telegram', to='access.chataccount', verbose_name='chat account')),
            ],
            options={
                'verbose_name': 'wish of a Telegram user',
                'verbose_name_plural': 'wishes of Telegram users',
            },
        ),
        migrations.CreateModel(
            name='Update',
            fields=[
                ('update_id', models.BigIntegerField(primary_key=True, serialize=False, verbose_name='update')),
                ('payload', models.JSONField(default=dict)),
                ('received_at', models.DateTimeField(verbose_name='received')),
                ('done_at', models.DateTimeField(blank=True, null=True, verbose_name='done')),
                ('tries', models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                'verbose_name': 'update',
                'verbose_name_plural': 'updates',
                'indexes': [models.Index(condition=models.Q(('done_at', None)), fields=['update_id'], name='telegram_update_open'), models.Index(condition=models.Q(('done_at', None), _negated=True), fields=['done_at'], name='telegram_update_done')],
            },
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('status__in', ['pending', 'processing'])), fields=['account'], name='telegram_message_open'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['account', '-id'], name='telegram_message_account'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['status', '-id'], name='telegram_message_status'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['updated_at'], name='telegram_message_updated'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(fields=('chat_id', 'message_id'), name='one_row_per_telegram_message'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'processing', 'done', 'error'])), name='telegram_message_status_known'),
        ),
        migrations.AddConstraint(
            model_name='part',
            constraint=models.UniqueConstraint(fields=('message', 'run', 'role', 'number'), name='one_telegram_part_per_place'),
        ),
    ]
