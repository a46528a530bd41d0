"""What is said of a picture, or of there being none, in sentences for people.

Called by gallery.py.
"""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.images.models import MenuImage, PictureStatus

# By the code of a dish that failed; they stand where the picture would, so they are short.
WHY_FAILED: dict[str, Any] = {
    "cancelled": gettext_lazy("Not drawn: it was cancelled before."),
    "timed_out": gettext_lazy("Not drawn: the time for it was over."),
    "engine_unavailable": gettext_lazy("Not drawn: no picture service answered."),
    "engine_refused": gettext_lazy("Not drawn: the picture service refused this dish."),
    "not_stored": gettext_lazy("Drawn, but it could not be stored."),
    "worker_died": gettext_lazy("Not drawn: its worker stopped several times."),
}
_OTHERWISE = gettext_lazy("Not drawn: something unforeseen went wrong.")

# Why a provider before the one that drew did not.
WHY_SKIPPED: dict[str, Any] = {
    "open": gettext_lazy("did not answer lately"),
    "unavailable": gettext_lazy("did not answer"),
    "refused": gettext_lazy("refused some dishes"),
    "over_limit": gettext_lazy("has reached its limit for today"),
}

# How people call those that have no name of their own.
PROVIDERS: dict[str, Any] = {"local": gettext_lazy("this house"), "gemini": "Gemini", "openai": "OpenAI"}


def why_failed(code: str) -> str:
    return str(WHY_FAILED.get(code, _OTHERWISE))


def alt(image: MenuImage) -> str:
    """Return what the picture shows, for who does not see it."""
    name = f"{image.japanese_name} ({image.english_name})" if image.english_name else image.japanese_name
    pattern = _("Illustration of %(name)s") if image.is_placeholder else _("Picture of %(name)s")
    return pattern % {"name": name}


def notes(images: Sequence[MenuImage], *, is_sync: bool) -> list[str]:
    """Return what a reader should know of how the pictures were made: one line each."""
    done = [image for image in images if image.status == PictureStatus.DONE]
    illustrated = [image for image in done if image.is_placeholder]
    said = []
    skipped = {(each["provider"], each["why"]) for image in done for each in image.skipped}
    for provider, why in sorted(skipped):
        facts = {"provider": PROVIDERS.get(provider, provider), "why": WHY_SKIPPED.get(why, WHY_SKIPPED["unavailable"])}
        said.append(_("The picture service %(provider)s %(why)s.") % facts)
    if illustrated and len(illustrated) == len(done):
        said.append(_("The pictures are illustrations made by this house; the dishes may look different."))
    elif illustrated:
        count = len(illustrated)
        said.append(
            ngettext(
                "%(count)d picture is an illustration made by this house; the dish may look different.",
                "%(count)d pictures are illustrations made by this house; the dishes may look different.",
                count,
            )
            % {"count": count}
        )
    if is_sync:
        said.append(_("The queue could not be reached: the web process draws this menu itself."))
    return said


def drawn_by(images: Sequence[MenuImage]) -> str:
    """Return who drew, each once: provider and model."""
    drawn = {(image.provider, image.model) for image in images if image.status == PictureStatus.DONE}
    return ", ".join(f"{PROVIDERS.get(provider, provider)} ({model})" for provider, model in sorted(drawn))
