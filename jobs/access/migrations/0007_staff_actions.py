# What:  name the actions of logins, second steps, people, groups, queues, workers and chats in the audit book.
# When:  at any time; the database knows nothing of the choices.
# Size:  no table is touched.
# Back:  nothing to undo.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0006_append_only'),
    ]

    operations = [
        migrations.AlterField(
            model_name='auditentry',
            name='action',
            field=models.CharField(choices=[('task_cancelled', 'task cancelled'), ('task_retried', 'task run again'), ('task_invoked', 'function run'), ('schedule_made', 'schedule made'), ('schedule_changed', 'schedule changed'), ('schedule_deleted', 'schedule deleted'), ('provider_opened', 'provider left alone'), ('provider_closed', 'provider let through'), ('queue_paused', 'queue paused'), ('queue_resumed', 'queue resumed'), ('queue_purged', 'queue emptied'), ('worker_stopped', 'worker ended'), ('logged_in', 'staff logged in'), ('login_held_back', 'failed logins held back'), ('password_changed', 'password changed'), ('two_factor_on', 'second step of a login switched on'), ('two_factor_off', 'second step of a login switched off'), ('backup_codes_made', 'backup codes made'), ('backup_code_used', 'backup code used'), ('token_issued', 'token issued'), ('token_revoked', 'token revoked'), ('guild_data_added', 'guild data added'), ('guild_data_changed', 'guild data changed'), ('guild_data_deleted', 'guild data deleted'), ('guild_data_imported', 'guild data imported'), ('guild_data_exported', 'guild data exported'), ('announced', 'announcement made'), ('delivery_sent_again', 'delivery sent again'), ('endpoint_made', 'webhook endpoint made'), ('endpoint_changed', 'webhook endpoint changed'), ('endpoint_deleted', 'webhook endpoint deleted'), ('secret_rotated', 'signing secret replaced'), ('recording_played', 'recording played'), ('recording_analysed', 'recording analysed'), ('recording_deleted', 'recording deleted'), ('practice_viewed', 'practice record looked at by staff'), ('cleaned_up', 'expired things erased'), ('logged_out', 'logged out'), ('login_failed', 'login failed'), ('person_made', 'person added'), ('person_changed', 'person changed'), ('group_made', 'group added'), ('group_changed', 'group changed'), ('group_deleted', 'group deleted'), ('book_exported', 'audit book exported'), ('content_viewed', 'what somebody wrote in a chat looked at by staff'), ('receiver_tried', 'receiver tried again'), ('subscription_changed', 'weather subscription changed by staff'), ('chat_changed', 'chat settings changed by staff'), ('account_made', 'account made'), ('forgotten', 'data of a person or guild erased')], max_length=32, verbose_name='action'),
        ),
    ]
