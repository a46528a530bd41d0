"""The pages of a job of pictures: all of them, one of them, and the archive with all.

They are for the owner, for staff, and, read-only, for the holder of the signed link of the task's page; unknown and
foreign jobs answer 404 alike. What changes while one looks is a fragment (`/card`), rendered by the same templates.
"""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header, parse_etags
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from jobs.access import links
from jobs.access.caller import Caller
from jobs.images import asking, report
from jobs.images.models import ImageJob, MenuImage, PictureStatus
from jobs.live import archive, gallery, pages, picture_words, small_picture
from jobs.live.gallery import Gallery
from jobs.live.menu_form import MenuForm
from jobs.runtime.errors import FieldError, InvalidInput, KeyReused
from jobs.runtime.invoke import Invocation
from jobs.runtime.models import Source

# A picture never changes, and only its reader keeps it; a signed link ends sooner or later than this.
KEPT_BY_BROWSER = "private, max-age=86400, immutable"
# Positions a page may say that it has: as hexadecimal digits, four each.
MAX_HAVE_DIGITS = 25_000


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponseBase:
    """Have the menu drawn that was typed on the start page, to which whoever only looks here is led."""
    if request.method != "POST":
        return redirect("home")
    user = request.user
    if not isinstance(user, User):
        return redirect_to_login("/")
    form = MenuForm.sent(request.POST)
    try:
        asked = asking.settle(_invoke(form, user))
    except InvalidInput as error:
        form.refuse(error)
        return pages.start_page(request, menu=form, status=422)
    if asked.message:
        messages.info(request, asked.message)
    return redirect("images", job_id=asked.job.job_id)


def _invoke(form: MenuForm, user: User) -> Invocation:
    if len(form.text) > form.longest:
        raise InvalidInput([FieldError("final_menu", "string_too_long", f"more than {form.longest} characters")])
    try:
        return asking.ask(form.inputs, owner=user, source=Source.PAGE, idempotency_key=f"page:{form.key}")
    except KeyReused:
        # Back in the browser, another menu, sent again: a new request under the form's old key.
        return asking.ask(form.inputs, owner=user, source=Source.PAGE)


@never_cache
@require_GET
def images(request: HttpRequest, job_id: str) -> HttpResponseBase:
    if not isinstance(request.user, User) and not links.of(request):
        return redirect_to_login(request.get_full_path())
    shown, is_guest = _gallery(request, job_id)
    return render(request, "images.html", {"gallery": shown, "link": links.of(request), "is_guest": is_guest})


@never_cache
@require_GET
def images_card(request: HttpRequest, job_id: str) -> HttpResponse:
    """
    What has changed: everything but the tiles, and of those the ones that a page has not.

    have: bit n is set for the dish at position n, hexadecimal.
    """
    shown, is_guest = _gallery(request, job_id)
    have = _number(request.GET.get("have", ""))
    fresh = [
        each
        for group in shown.groups
        for each in group.tiles
        if each.state != PictureStatus.PENDING and not have >> each.image.position & 1
    ]
    return render(request, "images_card.html", {"gallery": shown, "tiles": fresh, "is_guest": is_guest})


@never_cache
@require_GET
def picture(request: HttpRequest, job_id: str, number: int) -> HttpResponseBase:
    """One dish, large. number: in the menu, from 1."""
    if not isinstance(request.user, User) and not links.of(request):
        return redirect_to_login(request.get_full_path())
    job = _find(request, job_id)
    image, link = _image(job, number), links.of(request)
    [standing] = report.standings([job]).values()
    beside = {each.position: each for each in job.images.filter(position__in=[image.position - 1, image.position + 1])}
    near = [beside.get(image.position + step) for step in (-1, 1)]
    facts = {
        "tile": gallery.tile(job, image, standing, link=link),
        "category": job.categories[image.category],
        "url": links.picture_url(image.name),
        "before": near[0] and gallery.address("image-picture", job, near[0], link=link),
        "after": near[1] and gallery.address("image-picture", job, near[1], link=link),
        "all": gallery.address("images", job, link=link),
        "credit": picture_words.drawn_by([image]),
    }
    return render(request, "picture.html", facts)


@require_safe
def small(request: HttpRequest, job_id: str, number: int) -> HttpResponse:
    """A dish in the grid's size."""
    image = _drawn(request, job_id, number)
    if image.etag in parse_etags(request.headers.get("If-None-Match", "")):
        return _kept(HttpResponse(status=304), image)
    try:
        with image.file.open("rb") as opened:
            body = small_picture.webp(opened.read())
    except FileNotFoundError:
        # The clean-up takes the bytes first.
        raise Http404 from None
    return _kept(HttpResponse(body, content_type="image/webp"), image)


@never_cache
@require_GET
def images_zip(request: HttpRequest, job_id: str) -> HttpResponseBase:
    """All pictures in one archive, made while it is sent."""
    job = _find(request, job_id)
    found = list(job.images.filter(status=PictureStatus.DONE).order_by("position"))
    if not found:
        raise Http404
    response = StreamingHttpResponse(archive.stream(found), content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(True, f"{job.job_id}.zip") or "attachment"
    return response


@require_POST
def cancel_images(request: HttpRequest, job_id: str) -> HttpResponseBase:
    pages.stop(request, _task_id(job_id))
    return redirect("images", job_id=job_id)


@require_POST
def repeat_images(request: HttpRequest, job_id: str) -> HttpResponseBase:
    return redirect(gallery.page_of(pages.repeat(request, _task_id(job_id))))


def _gallery(request: HttpRequest, job_id: str) -> tuple[Gallery, bool]:
    """Return the gallery and whether its reader came by a link alone."""
    job, user = _find(request, job_id), request.user
    # A link that somebody opens with a login of their own shows them what they may do with it.
    caller = Caller.logged_in(user) if isinstance(user, User) and links.may_see(job.task, user=user) else None
    return gallery.of(job, caller=caller, link=links.of(request)), caller is None


def _find(request: HttpRequest, job_id: str) -> ImageJob:
    job = ImageJob.objects.select_related("task").filter(job_id=job_id).first()
    user = request.user if isinstance(request.user, User) else None
    if job is None or not links.may_see(job.task, user=user, link=links.of(request)):
        raise Http404
    return job


def _task_id(job_id: str) -> UUID:
    """Return the id of a job's task, of no task for no job; whether its reader may change it is asked there."""
    job = ImageJob.objects.filter(job_id=job_id).first()
    # Looked for like one that is somebody else's, so that the two take the same time.
    return UUID(int=0) if job is None else UUID(str(job.pk))


def _image(job: ImageJob, number: int) -> MenuImage:
    image = job.images.filter(position=number - 1).first() if 1 <= number <= job.total_items else None
    if image is None:
        raise Http404
    return image


def _drawn(request: HttpRequest, job_id: str, number: int) -> MenuImage:
    image = _image(_find(request, job_id), number)
    if image.status != PictureStatus.DONE:
        raise Http404
    return image


def _kept(response: HttpResponse, image: MenuImage) -> HttpResponse:
    response["ETag"] = image.etag
    response["Cache-Control"] = KEPT_BY_BROWSER
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _number(digits: str) -> int:
    try:
        return int(digits, 16) if len(digits) <= MAX_HAVE_DIGITS else 0
    except ValueError:
        return 0
