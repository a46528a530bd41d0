# What:  indexes for the admin's lists: utterances by guild and by state, a word in all guilds' dictionaries.
# When:  with the code that shows the lists; the bots do not need them.
# Size:  utterances of 7 days and all dictionaries; no release has filled these tables yet.
# Back:  drops the indexes; the lists are slow then.

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0003_guild_actions'),
        ('guilds', '0001_guilds'),
        ('jobs', '0003_schedule'),
    ]

    operations = [
        migrations.AlterField(
            model_name='dictionaryentry',
            name='folded',
            field=models.CharField(db_index=True, editable=False, max_length=200),
        ),
        migrations.AlterField(
            model_name='utterance',
            name='guild',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='utterances', to='guilds.guild', verbose_name='guild'),
        ),
        migrations.AddIndex(
            model_name='utterance',
            index=models.Index(fields=['guild', '-id'], name='utterance_guild'),
        ),
        migrations.AddIndex(
            model_name='utterance',
            index=models.Index(fields=['state', '-id'], name='utterance_state'),
        ),
    ]
