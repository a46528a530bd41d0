# What:  a column for the trace that a task belongs to.
# When:  at any time; the code before it neither reads nor writes it, and it may be null.
# Size:  no row is touched: both databases add a column that may be null without rewriting the table.
# Back:  the column is dropped; traces end at the queue then.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0005_staff_permissions'),
    ]

    operations = [
        migrations.AddField(
            model_name='task',
            name='traceparent',
            field=models.CharField(blank=True, max_length=55, null=True),
        ),
    ]
