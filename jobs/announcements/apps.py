from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnnouncementsConfig(AppConfig):
    name = "jobs.announcements"
    label = "announcements"
    verbose_name = _("Announcements")

    def ready(self) -> None:
        from jobs.announcements import carriers, cleanup, shelf, webhook
        from jobs.delivery.webhook.payload import register_body
        from jobs.runtime.retention import register_cleaner
        from jobs.runtime.signals import tasks_ending
        from jobs.runtime.storage import named

        carriers.register(webhook.CARRIER)
        register_body("announcement", webhook.body)
        register_cleaner("announcements", cleanup.delete_announcements)
        named.register("announcements", shelf.names)
        tasks_ending.connect(_settle, weak=False, dispatch_uid="announcements.settle")


def _settle(sender: Any, *, tasks: Any, **_more: Any) -> None:
    from jobs.announcements.ending import on_end

    on_end(tasks)
