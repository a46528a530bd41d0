# What:  make the tables of the guilds: settings, dictionary, nicknames, voices, sessions, and what is to be said.
# When:  with the first start; nothing else depends on them yet.
# Size:  empty tables, no data.
# Back:  dropping them loses every dictionary and nickname; export them first.

import django.core.validators
import django.db.models.deletion
import jobs.runtime.identity
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('access', '0003_guild_actions'),
        ('jobs', '0003_schedule'),
    ]

    operations = [
        migrations.CreateModel(
            name='AutoJoin',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('voice_channel_id', models.BigIntegerField(verbose_name='voice channel')),
                ('text_channel_id', models.BigIntegerField(verbose_name='text channel')),
            ],
            options={
                'verbose_name': 'automatic join',
                'verbose_name_plural': 'automatic joins',
            },
        ),
        migrations.CreateModel(
            name='DictionaryEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('written', models.CharField(max_length=50, verbose_name='word')),
                ('folded', models.CharField(editable=False, max_length=200)),
                ('reading', models.CharField(blank=True, help_text='empty: the word is not read', max_length=100, verbose_name='reading')),
                ('added_by', models.CharField(blank=True, help_text='platform:id, or a staff name', max_length=64, verbose_name='added by')),
                ('created_at', models.DateTimeField(verbose_name='created')),
            ],
            options={
                'verbose_name': 'dictionary entry',
                'verbose_name_plural': 'dictionary entries',
            },
        ),
        migrations.CreateModel(
            name='Guild',
            fields=[
                ('guild_id', models.BigIntegerField(primary_key=True, serialize=False, verbose_name='guild id')),
                ('name', models.CharField(blank=True, max_length=100, verbose_name='name')),
                ('language', models.CharField(choices=[('ja', 'Japanese'), ('en', 'English')], default='ja', help_text='of what the bot adds itself: who speaks, that a picture was sent', max_length=2, verbose_name='language')),
                ('reads_names', models.BooleanField(default=True, help_text='when somebody else speaks than before', verbose_name='says who speaks')),
                ('reads_bots', models.BooleanField(default=False, verbose_name='reads bots and webhooks')),
                ('reads_arrivals', models.BooleanField(default=True, help_text='in the voice channel it is in', verbose_name='says who comes and goes')),
                ('max_characters', models.PositiveSmallIntegerField(default=140, help_text='longer ones are cut, before the dictionary is used', validators=[django.core.validators.MinValueValidator(10), django.core.validators.MaxValueValidator(400)], verbose_name='characters of a message')),
                ('max_waiting', models.PositiveSmallIntegerField(default=20, help_text='of more the oldest are left out, and that is said once', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='messages that may wait')),
                ('voice', models.CharField(default='mei_normal', max_length=64, verbose_name='voice')),
                ('speed', models.FloatField(default=1.0, validators=[django.core.validators.MinValueValidator(0.5), django.core.validators.MaxValueValidator(2.0)], verbose_name='speed')),
                ('pitch', models.FloatField(default=-5.0, help_text='semitones up or down', validators=[django.core.validators.MinValueValidator(-12), django.core.validators.MaxValueValidator(12)], verbose_name='pitch')),
                ('dictionary_channel_id', models.BigIntegerField(blank=True, help_text='a line “word reading” written there is an entry', null=True, verbose_name='dictionary channel')),
                ('dictionary_is_open', models.BooleanField(default=True, verbose_name='everybody may change the dictionary')),
                ('settings_role_id', models.BigIntegerField(blank=True, help_text='beside those who manage the server', null=True, verbose_name='role that may change settings')),
                ('leaves_alone', models.BooleanField(default=True, verbose_name='leaves when nobody listens')),
                ('joined_at', models.DateTimeField(verbose_name='joined')),
            ],
            options={
                'verbose_name': 'guild',
                'verbose_name_plural': 'guilds',
            },
        ),
        migrations.CreateModel(
            name='Nickname',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reading', models.CharField(max_length=40, verbose_name='reading')),
            ],
            options={
                'verbose_name': 'nickname',
                'verbose_name_plural': 'nicknames',
            },
        ),
        migrations.CreateModel(
            name='Silence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(verbose_name='created')),
            ],
            options={
                'verbose_name': 'silence',
                'verbose_name_plural': 'silences',
            },
        ),
        migrations.CreateModel(
            name='Utterance',
            fields=[
                ('id', models.UUIDField(default=jobs.runtime.identity.new_task_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('message', 'message'), ('announcement', 'announcement'), ('notice', 'notice')], default='message', max_length=16, verbose_name='kind')),
                ('message_id', models.BigIntegerField(blank=True, null=True, verbose_name='message')),
                ('channel_id', models.BigIntegerField(blank=True, null=True, verbose_name='channel')),
                ('priority', models.PositiveSmallIntegerField(choices=[(0, 'Urgent'), (1, 'Normal'), (2, 'Low'), (3, 'Bulk')], default=1, verbose_name='priority')),
                ('position', models.BigIntegerField(verbose_name='position')),
                ('text', models.TextField(blank=True, verbose_name='text')),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('playing', 'playing'), ('played', 'played'), ('skipped', 'skipped'), ('merged', 'merged')], default='waiting', max_length=16, verbose_name='state')),
                ('reason', models.CharField(blank=True, help_text='why it was not said', max_length=32, verbose_name='reason')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('playing_at', models.DateTimeField(blank=True, null=True, verbose_name='began')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
            ],
            options={
                'verbose_name': 'utterance',
                'verbose_name_plural': 'utterances',
            },
        ),
        migrations.CreateModel(
            name='VoicePreference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('voice', models.CharField(max_length=64, verbose_name='voice')),
                ('speed', models.FloatField(default=1.0, validators=[django.core.validators.MinValueValidator(0.5), django.core.validators.MaxValueValidator(2.0)], verbose_name='speed')),
                ('pitch', models.FloatField(default=-5.0, help_text='semitones up or down', validators=[django.core.validators.MinValueValidator(-12), django.core.validators.MaxValueValidator(12)], verbose_name='pitch')),
            ],
            options={
                'verbose_name': 'voice of a member',
                'verbose_name_plural': 'voices of members',
            },
        ),
        migrations.CreateModel(
            name='VoiceSession',
            fields=[
                ('guild', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='session', serialize=False, to='guilds.guild', verbose_name='guild')),
                ('voice_channel_id', models.BigIntegerField(verbose_name='voice channel')),
                ('text_channel_ids', models.JSONField(default=list, verbose_name='text channels')),
                ('invited_by', models.BigIntegerField(blank=True, null=True, verbose_name='invited by')),
                ('since', models.DateTimeField(verbose_name='since')),
            ],
            options={
                'verbose_name': 'voice session',
                'verbose_name_plural': 'voice sessions',
            },
        ),
        migrations.AddConstraint(
            model_name='guild',
            constraint=models.CheckConstraint(condition=models.Q(('language__in', ['ja', 'en'])), name='guild_language_known'),
        ),
        migrations.AddConstraint(
            model_name='guild',
            constraint=models.CheckConstraint(condition=models.Q(('speed__range', (0.5, 2.0))), name='guild_speed_possible'),
        ),
        migrations.AddConstraint(
            model_name='guild',
            constraint=models.CheckConstraint(condition=models.Q(('pitch__range', (-12.0, 12.0))), name='guild_pitch_possible'),
        ),
        migrations.AddField(
            model_name='dictionaryentry',
            name='guild',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='dictionary', to='guilds.guild', verbose_name='guild'),
        ),
        migrations.AddField(
            model_name='autojoin',
            name='guild',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='auto_joins', to='guilds.guild', verbose_name='guild'),
        ),
        migrations.AddField(
            model_name='nickname',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='nicknames', to='access.chataccount', verbose_name='chat account'),
        ),
        migrations.AddField(
            model_name='nickname',
            name='guild',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='nicknames', to='guilds.guild', verbose_name='guild'),
        ),
        migrations.AddField(
            model_name='silence',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='silences', to='access.chataccount', verbose_name='chat account'),
        ),
        migrations.AddField(
            model_name='silence',
            name='guild',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='silences', to='guilds.guild', verbose_name='guild'),
        ),
        migrations.AddField(
            model_name='utterance',
            name='author',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='access.chataccount', verbose_name='author'),
        ),
        migrations.AddField(
            model_name='utterance',
            name='guild',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='utterances', to='guilds.guild', verbose_name='guild'),
        ),
        migrations.AddField(
            model_name='utterance',
            name='task',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.task', verbose_name='task'),
        ),
        migrations.AddField(
            model_name='voicepreference',
            name='account',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='voice', to='access.chataccount', verbose_name='chat account'),
        ),
        migrations.AddConstraint(
            model_name='dictionaryentry',
            constraint=models.UniqueConstraint(fields=('guild', 'folded'), name='one_reading_per_word'),
        ),
        migrations.AddConstraint(
            model_name='dictionaryentry',
            constraint=models.CheckConstraint(condition=models.Q(('folded', ''), _negated=True), name='dictionary_word_not_empty'),
        ),
        migrations.AddConstraint(
            model_name='autojoin',
            constraint=models.UniqueConstraint(fields=('guild', 'voice_channel_id'), name='one_auto_join_per_voice_channel'),
        ),
        migrations.AddConstraint(
            model_name='nickname',
            constraint=models.UniqueConstraint(fields=('guild', 'account'), name='one_nickname_per_member'),
        ),
        migrations.AddConstraint(
            model_name='nickname',
            constraint=models.UniqueConstraint(condition=models.Q(('guild', None)), fields=('account',), name='one_nickname_elsewhere'),
        ),
        migrations.AddConstraint(
            model_name='silence',
            constraint=models.UniqueConstraint(fields=('guild', 'account'), name='one_silence_per_member'),
        ),
        migrations.AddConstraint(
            model_name='silence',
            constraint=models.UniqueConstraint(condition=models.Q(('guild', None)), fields=('account',), name='one_silence_everywhere'),
        ),
        migrations.AddIndex(
            model_name='utterance',
            index=models.Index(condition=models.Q(('state__in', ['waiting', 'playing'])), fields=['guild', 'priority', 'position'], name='utterance_queue'),
        ),
        migrations.AddIndex(
            model_name='utterance',
            index=models.Index(condition=models.Q(('ended_at', None), _negated=True), fields=['ended_at'], name='utterance_ended'),
        ),
        migrations.AddConstraint(
            model_name='utterance',
            constraint=models.UniqueConstraint(fields=('message_id',), name='one_utterance_per_message'),
        ),
        migrations.AddConstraint(
            model_name='utterance',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'playing', 'played', 'skipped', 'merged'])), name='utterance_state_known'),
        ),
        migrations.AddConstraint(
            model_name='utterance',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('state__in', ['waiting', 'playing'])), models.Q(('ended_at__isnull', False), ('state__in', ['played', 'skipped', 'merged'])), _connector='OR'), name='utterance_end_has_a_moment'),
        ),
        migrations.AddConstraint(
            model_name='voicepreference',
            constraint=models.CheckConstraint(condition=models.Q(('speed__range', (0.5, 2.0))), name='member_speed_possible'),
        ),
        migrations.AddConstraint(
            model_name='voicepreference',
            constraint=models.CheckConstraint(condition=models.Q(('pitch__range', (-12.0, 12.0))), name='member_pitch_possible'),
        ),
    ]
