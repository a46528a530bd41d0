# What:  more words for what the audit book can tell: deliveries sent again; endpoints and signing secrets of webhooks.
# When:  with the code that writes them. No column changes, neither here nor back.
# Size:  nothing; the choices are the form's, not the database's.
# Back:  nothing to undo; entries with these words stay as they are.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0003_guild_actions'),
    ]

    operations = [
        migrations.AlterField(
            model_name='auditentry',
            name='action',
            field=models.CharField(choices=[('task_cancelled', 'task cancelled'), ('task_retried', 'task run again'), ('task_invoked', 'function run'), ('schedule_made', 'schedule made'), ('schedule_changed', 'schedule changed'), ('schedule_deleted', 'schedule deleted'), ('provider_opened', 'provider left alone'), ('provider_closed', 'provider let through'), ('queue_paused', 'queue paused'), ('queue_resumed', 'queue resumed'), ('token_issued', 'token issued'), ('token_revoked', 'token revoked'), ('guild_data_added', 'guild data added'), ('guild_data_changed', 'guild data changed'), ('guild_data_deleted', 'guild data deleted'), ('guild_data_imported', 'guild data imported'), ('guild_data_exported', 'guild data exported'), ('announced', 'announcement made'), ('delivery_sent_again', 'delivery sent again'), ('endpoint_made', 'webhook endpoint made'), ('endpoint_changed', 'webhook endpoint changed'), ('endpoint_deleted', 'webhook endpoint deleted'), ('secret_rotated', 'signing secret replaced'), ('forgotten', 'data of a person or guild erased')], max_length=32, verbose_name='action'),
        ),
    ]
