"""`manage.py invoke`: run one function, through the queue or in this process.

Exit codes: 0 success, 1 the task failed, 2 bad input, 3 the queue cannot be reached.
"""

import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.management.base import BaseCommand, CommandParser

from jobs.runtime import cancel, queue, registry, uploads
from jobs.runtime.errors import InvalidInput, QueueUnreachable, TooLate, UnknownFunction
from jobs.runtime.invoke import Invocation, invoke
from jobs.runtime.local import run_here
from jobs.runtime.models import Artifact, Result, Source, Status, Task

# The owner of what is invoked at a terminal. It cannot log in.
COMMAND_USER = "command"
# How often the row is looked at; a person waits.
LOOK_SECONDS = 0.05
# Of a file, read at a time.
PIECE_BYTES = 1 << 20

FAILED, BAD_INPUT, UNREACHABLE = 1, 2, 3


class Command(BaseCommand):
    help = "Run one function and print its result. Each call makes a new task."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("function")
        parser.add_argument("--input", default="{}", help="the input as JSON, or - to read it from standard input")
        parser.add_argument("--file", action="append", default=[], metavar="FIELD=PATH", help="a file for a field")
        parser.add_argument("--out", type=Path, help="a folder to write the artifacts to")
        parser.add_argument("--local", action="store_true", help="run it in this process, without workers")
        parser.add_argument("--no-wait", action="store_true", help="print the task id and leave")

    def handle(self, *args: Any, **options: Any) -> None:
        invocation = self._accept(options)
        self.stdout.write(str(invocation.task.pk))
        self.stdout.flush()
        if options["local"]:
            task = run_here(invocation)
        elif options["no_wait"]:
            return
        else:
            task = self._wait(invocation)
        if task.status != Status.SUCCESS:
            self._leave(FAILED, json.dumps({"status": task.status, "error": task.error}, ensure_ascii=False))
        self._print_result(task, options["out"])

    def _accept(self, options: dict[str, Any]) -> Invocation:
        text = sys.stdin.read() if options["input"] == "-" else options["input"]
        try:
            inputs = json.loads(text)
        except ValueError as error:
            self._leave(BAD_INPUT, f"--input: no valid JSON: {error}")
        if not isinstance(inputs, dict):
            self._leave(BAD_INPUT, "--input: a JSON object is expected")
        if not options["local"]:
            self._reach()
        try:
            inputs |= self._files(options)
            return invoke(options["function"], inputs, owner=_owner(), source=Source.COMMAND, send=not options["local"])
        except UnknownFunction as error:
            self._leave(BAD_INPUT, f"function: {error}")
        except InvalidInput as error:
            self._leave(BAD_INPUT, "\n".join(f"{each.field}: {each.message} ({each.code})" for each in error.errors))

    def _files(self, options: dict[str, Any]) -> dict[str, str]:
        """Store the named files, and return the ids that stand for them in the input."""
        stored: dict[str, str] = {}
        known = uploads.file_fields(registry.get(options["function"]).input_type)
        for each in options["file"]:
            field, sign, path = each.partition("=")
            if not sign:
                self._leave(BAD_INPUT, f"--file {each}: FIELD=PATH is expected")
            if field not in known:
                self._leave(BAD_INPUT, f"{field}: this field takes no file")
            try:
                with Path(path).open("rb") as file:
                    pieces = iter(partial(file.read, PIECE_BYTES), b"")
                    stored[field] = str(uploads.store(_owner(), pieces, field=field).pk)
            except OSError as error:
                self._leave(BAD_INPUT, f"{field}: {path} cannot be read: {error.strerror}")
        return stored

    def _reach(self) -> None:
        try:
            queue.sizes()
        except QueueUnreachable:
            self._leave(UNREACHABLE, "the queue cannot be reached: start `manage.py up`, set REDIS_URL, or use --local")

    def _wait(self, invocation: Invocation) -> Task:
        try:
            while True:
                task = Task.objects.get(pk=invocation.task.pk)
                if task.is_final():
                    return task
                time.sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            try:
                cancel.cancel(invocation.task)
            except TooLate:
                self.stderr.write("too late to cancel")
            self._leave(FAILED, "cancelled")

    def _print_result(self, task: Task, out: Path | None) -> None:
        result = Result.objects.get(task=task)
        artifacts = []
        for artifact in Artifact.objects.filter(task=task):
            facts = {"name": artifact.name, "content_type": artifact.content_type, "bytes": artifact.bytes}
            if out is not None:
                out.mkdir(parents=True, exist_ok=True)
                place = out / artifact.name
                with artifact.file.open("rb") as file:
                    place.write_bytes(file.read())
                facts["path"] = str(place)
            artifacts.append(facts)
        report = {"status": task.status, "result": result.output, "artifacts": artifacts, "attempt": task.attempt}
        self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))

    def _leave(self, code: int, sentence: str) -> NoReturn:
        self.stderr.write(sentence)
        sys.exit(code)


def _owner() -> AbstractBaseUser:
    user, made = get_user_model().objects.get_or_create(username=COMMAND_USER, defaults={"is_active": False})
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user
