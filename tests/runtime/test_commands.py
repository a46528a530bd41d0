"""The commands of the runtime: what they print, and the exit codes that scripts rely on."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from jobs.runtime import queue, registry
from jobs.runtime.models import Source, Status, Task
from tests.toys.functions import Said, Word

pytestmark = pytest.mark.django_db(transaction=True)


def run(name, *arguments):
    """Return (exit code, standard output, standard error) of a command."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(name, *arguments, stdout=out, stderr=err)
    except SystemExit as leaving:
        return leaving.code, out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_a_function_runs_in_this_process_without_any_queue(settings, tmp_path):
    settings.REDIS_URL = ""

    code, out, _err = run("invoke", "toy_echo", "--input", '{"word": "hi"}', "--local", "--out", str(tmp_path))

    task_id, _newline, report = out.partition("\n")
    task = Task.objects.get(pk=task_id)
    assert (code, task.status, task.source, task.attempt) == (0, Status.SUCCESS, Source.COMMAND, 1)
    assert json.loads(report)["result"]["word"] == "hi"
    assert (tmp_path / "word.txt").read_bytes() == b"onetwo"


def test_functions_are_printed_with_the_limits_that_they_declared():
    @registry.function("rake_the_yard", queue="bulk", timeout_seconds=5, max_running=3, rate=registry.Rate(10, 60))
    def rake_the_yard(inputs: Word, context: registry.Context) -> Said:
        return Said(word=inputs.word)

    try:
        _code, out, _err = run("functions", "--json")
    finally:
        registry.forget("rake_the_yard")

    (told,) = [spec for spec in json.loads(out) if spec["name"] == "rake_the_yard"]
    assert {name: told[name] for name in told if name.startswith("max_") or name.endswith("timeout_seconds")} == {
        "timeout_seconds": 5, "soft_timeout_seconds": None, "max_running": 3, "max_running_per_key": None,
        "max_memory_megabytes": None, "max_output_bytes": None, "max_retries": None,
    }  # fmt: skip
    assert told["rate"] == {"count": 10, "per_seconds": 60}


def test_a_failure_is_told_by_the_exit_code(valkey):
    code, _out, err = run("invoke", "toy_bad", "--local")

    assert (code, json.loads(err)["error"]["code"]) == (1, "no_such_word")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no_such"], "no_such"),
        (["toy_echo", "--input", "[]"], "--input"),
        (["speech", "--input", "{"], "--input"),
        (["speech", "--input", "{}"], "text"),
        (["speech", "--input", '{"text": "！"}'], "empty_speech"),
        (["speech", "--file", "text=x"], "text"),
        (["toy_echo", "--input", '{"word": 3}'], "word"),
        (["toy_echo", "--file", "word=/etc/hostname"], "word"),
    ],
)
def test_bad_input_is_refused_by_name_and_leaves_no_task(valkey, arguments, words):
    code, _out, err = run("invoke", *arguments)

    assert (code, words in err, Task.objects.count()) == (2, True, 0)


def test_a_queue_that_is_away_is_told_before_anything_is_accepted(settings):
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    code, _out, err = run("invoke", "toy_echo")

    assert (code, "cannot be reached" in err, Task.objects.count()) == (3, True, 0)


def test_without_waiting_the_id_is_printed_and_the_task_is_queued(valkey):
    code, out, _err = run("invoke", "toy_echo", "--no-wait")

    task = Task.objects.get(pk=out.strip())
    assert (code, task.status, queue.position_or_none(task)) == (0, Status.PENDING, 0)


def test_the_state_is_dumped_line_by_line_without_texts(accept):
    task = accept("toy_echo", word="himitsu").task

    _code, out, _err = run("dump_state", "--jsonl")

    (line,) = [json.loads(text) for text in out.splitlines()]
    assert (line["id"], line["status"], line["attempt"], line["order_key"]) == (
        str(task.pk), "pending", 0, task.order_key,
    )  # fmt: skip
    assert {"created_at", "started_at", "completed_at", "updated_at", "error_type"} <= line.keys()
    assert "himitsu" not in out


def test_the_dump_wants_its_format_named():
    with pytest.raises(CommandError, match="--jsonl"):
        call_command("dump_state")


def test_reconciling_repairs_and_counts(accept, valkey):
    accept("toy_echo")
    valkey.flushall()
    valkey.zadd("koebako:ready:bulk", {b"junk": 0})

    code, out, _err = run("reconcile", "--json")

    report = json.loads(out)
    assert (code, report["repaired"]["sent"], report["repaired"]["foreign"]) == (0, 1, 1)
    assert (report["waiting_rows"], report["queue_sizes"]["bulk"]) == (1, 1)


def test_reconciling_says_when_redis_is_away(settings):
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    with pytest.raises(CommandError, match="redis did not answer"):
        call_command("reconcile", "--json")


def test_a_cluster_without_a_queue_refuses_to_start(settings):
    settings.REDIS_URL = ""

    with pytest.raises(CommandError, match="REDIS_URL"):
        call_command("qcluster")
