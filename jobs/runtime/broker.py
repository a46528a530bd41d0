"""What django-q2 asks of a broker, for a cluster whose workers read Redis themselves."""

from typing import Any, NoReturn

from django_q.brokers import Broker

from jobs.runtime.connection import client


class TaskBroker(Broker):
    """
    Answers `ping`; refuses the rest.

    django-q2 would put pickles into Redis and run any importable name; functions of this
    house are invoked by jobs.runtime.invoke.
    """

    @staticmethod
    def get_connection(list_key: str = "") -> Any:
        return None

    def ping(self) -> bool:
        return bool(client().ping())

    def enqueue(self, task: str) -> NoReturn:
        raise RuntimeError("async_task() is not taken here: use jobs.runtime.invoke.invoke()")

    def info(self) -> str:
        return "koebako"
