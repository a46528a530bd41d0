"""Upgrades without a stop: a migration may only add what the version before it bears; what takes away waits a release.

While a house on PostgreSQL is upgraded, processes of the version before still write. Every migration after the first
release is judged by its SQL (django-migration-linter), and one that takes something away says in its module which
release must be everywhere before it may run:

    WAITS_FOR_RELEASE = "1.1"  # nothing of 1.1 reads or writes the column any more

A house on SQLite is one machine, and `up` migrates it before anything else starts.
"""

import sys

import pytest
from django.apps import apps
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState
from django_migration_linter.sql_analyser.postgresql import PostgresqlAnalyser

# What stood when the house was first handed out: it never met an older version.
FIRST_RELEASE = {
    "access": "0005_practice_actions",
    "announcements": "0001_announcements",
    "delivery": "0001_initial",
    "guilds": "0002_admin_lists",
    "images": "0001_pictures",
    "jobs": "0004_upload",
    "practice": "0001_practice",
    "telegram": "0001_telegram",
}
# Tables of many rows or of every task: building an index the plain way stops their writers for as long.
BIG = {
    "jobs_task", "jobs_attempt", "jobs_result", "jobs_artifact", "jobs_upload", "delivery_delivery",
    "access_auditentry", "images_menuimage", "practice_practicerecord", "guilds_utterance",
}  # fmt: skip
LOCKING = {"CREATE_INDEX", "CREATE_INDEX_EXCLUSIVE", "DROP_INDEX", "REINDEX"}

pytestmark = pytest.mark.django_db(transaction=True)


def troubles(migration: migrations.Migration, state: ProjectState) -> set[str]:
    """Return the codes of what the version before would not bear; `state` is that of the rows before it."""
    with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
        migration.apply(state.clone(), editor, collect_sql=True)
    analyser = PostgresqlAnalyser(exclude_migration_tests=[])
    analyser.analyse([statement for statement in editor.collected_sql if not statement.startswith("--")])
    big = any(f'"{table}"' in statement for statement in editor.collected_sql for table in BIG)
    locks = {issue.code for issue in analyser.warnings if issue.code in LOCKING and big}
    return {issue.code for issue in analyser.errors} | locks


def after_first_release(loader: MigrationLoader):
    for (label, name), migration in loader.disk_migrations.items():
        module = apps.get_app_config(label).module.__name__
        if module.startswith(("jobs", "bots")) and name > FIRST_RELEASE.get(label, ""):
            yield (label, name), migration


def needs_postgresql() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("a house on SQLite is never migrated while it works")


def test_no_migration_takes_away_what_the_version_before_uses():
    needs_postgresql()
    loader = MigrationLoader(connection)
    refused = {}
    for key, migration in after_first_release(loader):
        found = troubles(migration, loader.project_state(key, at_end=False))
        module = sys.modules[migration.__module__]
        if found and not getattr(module, "WAITS_FOR_RELEASE", ""):
            refused[".".join(key)] = sorted(found)

    assert refused == {}


def test_the_first_release_is_what_is_named_here():
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations

    assert set(FIRST_RELEASE.items()) <= set(known)


def judged(*operations, atomic: bool = True) -> set[str]:
    """Return what is wrong with a migration that does this to a table of tasks."""
    state = ProjectState()
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("word", models.CharField(max_length=100, null=True)),
        ("number", models.IntegerField(null=True)),
    ]
    state.add_model(ModelState("toys", "Row", fields, {"db_table": "jobs_task"}))
    made = type("Migration", (migrations.Migration,), {"operations": list(operations), "atomic": atomic})
    return troubles(made("0002_change", "toys"), state)


def test_each_kind_of_taking_away_is_seen_and_each_kind_of_adding_is_let_through():
    needs_postgresql()
    index = models.Index(fields=["number"], name="by_number")
    short = models.CharField(max_length=10, null=True)
    wrong = {
        "DROP_COLUMN": [migrations.RemoveField("row", "word")],
        "RENAME_COLUMN": [migrations.RenameField("row", "word", "term")],
        "DROP_TABLE": [migrations.DeleteModel("row")],
        "RENAME_TABLE": [migrations.AlterModelTable("row", "jobs_other")],
        "NOT_NULL": [migrations.AddField("row", "more", models.IntegerField(default=0))],
        "ALTER_COLUMN": [migrations.AlterField("row", "word", short)],
        "ADD_UNIQUE": [migrations.AddConstraint("row", models.UniqueConstraint(fields=["word"], name="one_word"))],
        "CREATE_INDEX": [migrations.AddIndex("row", index)],
    }
    right = [
        [migrations.AddField("row", "more", models.IntegerField(null=True))],
        [migrations.AddField("row", "more", models.IntegerField(db_default=0))],
        [migrations.CreateModel("Other", [("id", models.BigAutoField(primary_key=True))])],
        [migrations.AlterField("row", "word", models.CharField(max_length=100, null=True, choices=[("a", "A")]))],
    ]

    assert {code: code in judged(*operations) for code, operations in wrong.items()} == dict.fromkeys(wrong, True)
    assert [judged(*operations) for operations in right] == [set()] * len(right)
    assert judged(AddIndexConcurrently("row", index), atomic=False) == set()
    assert "NOT_NULL" in judged(migrations.AlterField("row", "number", models.IntegerField()))
