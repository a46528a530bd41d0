# What:  the tables of practice: sessions, records with their encrypted recordings, and what analyses gave them.
# When:  with the first start; nothing else depends on them yet.
# Size:  empty tables, no data.
# Back:  dropping them loses all scores; recordings stay in the storage, encrypted.

import django.core.validators
import django.db.models.deletion
import jobs.runtime.identity
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
            name='PracticeSession',
            fields=[
                ('id', models.UUIDField(default=jobs.runtime.identity.new_task_id, editable=False, primary_key=True, serialize=False)),
                ('title', models.CharField(blank=True, max_length=120, verbose_name='title')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='practice_sessions', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
            ],
            options={
                'verbose_name': 'practice session',
                'verbose_name_plural': 'practice sessions',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='PracticeRecord',
            fields=[
                ('id', models.UUIDField(default=jobs.runtime.identity.new_task_id, editable=False, primary_key=True, serialize=False)),
                ('sentence', models.CharField(max_length=1000, verbose_name='sentence')),
                ('language', models.CharField(choices=[('ja', 'Japanese'), ('en', 'English'), ('zh-TW', 'Mandarin (Taiwan)')], max_length=8, verbose_name='language')),
                ('status', models.CharField(choices=[('recorded', 'recorded'), ('ai_queued', 'waiting for its analysis'), ('ai_processing', 'being analysed'), ('ai_analyzed', 'analysed')], default='recorded', max_length=16, verbose_name='status')),
                ('recording', models.FileField(blank=True, help_text='encrypted; empty once it was erased', max_length=250, upload_to='')),
                ('key_id', models.CharField(blank=True, help_text='of the key it is encrypted with', max_length=16)),
                ('bytes', models.PositiveBigIntegerField(help_text='before it was encrypted')),
                ('content_type', models.CharField(help_text='by its content, whatever the sender said', max_length=100)),
                ('seconds', models.FloatField(help_text='length of the recording', verbose_name='seconds')),
                ('sha256', models.CharField(help_text='before it was encrypted', max_length=64)),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('task', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.task', verbose_name='task')),
                ('session', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='records', to='practice.practicesession', verbose_name='practice session')),
            ],
            options={
                'verbose_name': 'practice record',
                'verbose_name_plural': 'practice records',
                'ordering': ['-pk'],
                'permissions': [('play_recording', "Can listen to people's recordings")],
            },
        ),
        migrations.CreateModel(
            name='AnalysisResult',
            fields=[
                ('id', models.UUIDField(default=jobs.runtime.identity.new_task_id, editable=False, primary_key=True, serialize=False)),
                ('task_id', models.UUIDField(unique=True)),
                ('overall_score', models.DecimalField(decimal_places=2, max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='overall')),
                ('pronunciation_accuracy', models.DecimalField(decimal_places=2, max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='accuracy')),
                ('fluency_score', models.DecimalField(decimal_places=2, max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='fluency')),
                ('rhythm_score', models.DecimalField(decimal_places=2, max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='rhythm')),
                ('pitch_score', models.DecimalField(decimal_places=2, max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='pitch')),
                ('completeness', models.DecimalField(decimal_places=2, max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='completeness')),
                ('detailed_analysis', models.JSONField(help_text='phoneme_analysis, timing_analysis, pitch_analysis, caps')),
                ('sentence_analyses', models.JSONField(default=list)),
                ('suggestions', models.JSONField(default=list)),
                ('improvement_areas', models.JSONField(default=list)),
                ('statement', models.TextField(blank=True, help_text='what the scores are, for whoever shows them')),
                ('model_version', models.CharField(max_length=200, verbose_name='model')),
                ('processing_seconds', models.FloatField(verbose_name='seconds')),
                ('parameters', models.JSONField(default=dict)),
                ('completed_at', models.DateTimeField(verbose_name='completed')),
                ('record', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='results', to='practice.practicerecord', verbose_name='practice record')),
            ],
            options={
                'verbose_name': 'analysis result',
                'verbose_name_plural': 'analysis results',
                'ordering': ['-completed_at', '-pk'],
                'indexes': [models.Index(fields=['record', '-completed_at'], name='practice_result_record'), models.Index(fields=['-completed_at'], name='practice_result_completed')],
                'constraints': [models.CheckConstraint(condition=models.Q(('overall_score__range', (0, 100))), name='practice_overall_score_0_to_100'), models.CheckConstraint(condition=models.Q(('pronunciation_accuracy__range', (0, 100))), name='practice_pronunciation_accuracy_0_to_100'), models.CheckConstraint(condition=models.Q(('fluency_score__range', (0, 100))), name='practice_fluency_score_0_to_100'), models.CheckConstraint(condition=models.Q(('rhythm_score__range', (0, 100))), name='practice_rhythm_score_0_to_100'), models.CheckConstraint(condition=models.Q(('pitch_score__range', (0, 100))), name='practice_pitch_score_0_to_100'), models.CheckConstraint(condition=models.Q(('completeness__range', (0, 100))), name='practice_completeness_0_to_100')],
            },
        ),
        migrations.AddIndex(
            model_name='practicesession',
            index=models.Index(fields=['owner', '-id'], name='practice_session_owner'),
        ),
        migrations.AddIndex(
            model_name='practicerecord',
            index=models.Index(fields=['session', '-id'], name='practice_record_session'),
        ),
        migrations.AddIndex(
            model_name='practicerecord',
            index=models.Index(condition=models.Q(('recording', ''), _negated=True), fields=['created_at'], name='practice_recording_age'),
        ),
        migrations.AddIndex(
            model_name='practicerecord',
            index=models.Index(condition=models.Q(('recording', ''), _negated=True), fields=['key_id', 'id'], name='practice_recording_key'),
        ),
        migrations.AddIndex(
            model_name='practicerecord',
            index=models.Index(condition=models.Q(('status__in', ['ai_queued', 'ai_processing'])), fields=['id'], name='practice_in_analysis'),
        ),
        migrations.AddConstraint(
            model_name='practicerecord',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['recorded', 'ai_queued', 'ai_processing', 'ai_analyzed'])), name='practice_status_known'),
        ),
        migrations.AddConstraint(
            model_name='practicerecord',
            constraint=models.CheckConstraint(condition=models.Q(('language__in', ['ja', 'en', 'zh-TW'])), name='practice_language_known'),
        ),
        migrations.AddConstraint(
            model_name='practicerecord',
            constraint=models.CheckConstraint(condition=models.Q(('recording', ''), models.Q(('key_id', ''), _negated=True), _connector='OR'), name='practice_recording_has_a_key'),
        ),
    ]
