# What:  add the id of the request to a line of the audit book, and let the database itself refuse to change or take out a line of the audit book, whoever asks. One change is
#        left: the actor may become unknown, for that is what deleting a user does.
# When:  at any time; the code has never changed a line.
# Size:  a column that may be null and two triggers; no row is touched.
# Back:  the triggers are dropped. On SQLite a later migration that rebuilds the table must make them again
#        (tests/access/test_audit.py notices).

from django.db import migrations, models

WORDS = 'the audit book is only written on'
TABLE = 'access_auditentry'
COLUMNS = ('id', 'action', 'object_type', 'object_id', 'details', 'created_at', 'request_id')

SQLITE = (
    f"""
    CREATE TRIGGER {TABLE}_no_update BEFORE UPDATE ON {TABLE}
    WHEN NOT (NEW.actor_id IS NULL AND {' AND '.join(f'NEW.{name} IS OLD.{name}' for name in COLUMNS)})
    BEGIN SELECT RAISE(ABORT, '{WORDS}'); END
    """,
    f"""
    CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE}
    BEGIN SELECT RAISE(ABORT, '{WORDS}'); END
    """,
)
POSTGRESQL = (
    f"""
    CREATE FUNCTION {TABLE}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND NEW.actor_id IS NULL THEN
            OLD.actor_id := NULL;
            IF NEW IS NOT DISTINCT FROM OLD THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    f"""
    CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION {TABLE}_append_only()
    """,
)
BACK = {
    'sqlite': (f'DROP TRIGGER {TABLE}_no_update', f'DROP TRIGGER {TABLE}_no_delete'),
    'postgresql': (f'DROP TRIGGER {TABLE}_append_only ON {TABLE}', f'DROP FUNCTION {TABLE}_append_only()'),
}


def close(apps, schema_editor):
    for statement in {'sqlite': SQLITE, 'postgresql': POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def open_again(apps, schema_editor):
    for statement in BACK[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0005_practice_actions'),
    ]

    operations = [
        migrations.AddField(
            model_name='auditentry',
            name='request_id',
            field=models.CharField(blank=True, max_length=64, null=True, verbose_name='request'),
        ),
        migrations.RunPython(close, open_again, elidable=False),
    ]
