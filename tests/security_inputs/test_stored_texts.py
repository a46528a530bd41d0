"""S6: texts that are code, in every text that is stored, on every page of the admin and of the house."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import get_resolver
from lxml import html

from tests.security_inputs.payloads import MARK, PAYLOADS
from tests.security_inputs.stored_texts import Sower

pytestmark = pytest.mark.django_db(transaction=True)

URLS = {"href", "src", "action", "formaction", "xlink:href", "data", "poster", "srcset", "background", "ping"}
# Of unfold and Alpine: their values are code, and so must hold no text of anybody's.
CODE = ("on", "x-", "@", ":", "hx-", "srcdoc", "style")


@pytest.fixture
def sown(owner, valkey, staff):
    User.objects.filter(pk=owner.pk).update(first_name=PAYLOADS[0], last_name=PAYLOADS[5], email="x@example.com")
    User.objects.filter(pk=staff.pk).update(first_name=PAYLOADS[1][:150])
    sower = Sower(owner)
    sower.sow()
    return sower


def admin_pages(sown, *, rows=2, forms=True):
    """Every page of the admin that has no argument, and of each model the list, the adding, and some rows."""
    # The addresses register what the admin shows.
    get_resolver().url_patterns  # noqa: B018 - a cached property
    yield "/admin/"
    for model in admin.site._registry:
        place = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        yield place
        yield from (f"{place}?q={MARK}%22%3E%3C{MARK}%3E", f"{place}add/") if forms else ()
        for row in (sown.rows.get(model) or model._default_manager.all())[:rows]:
            yield f"{place}{admin.utils.quote(row.pk)}/change/"
    for pattern in admin.site.get_urls():
        route = str(pattern.pattern)
        if route and "<" not in route and not route.endswith(("logout/", "jsi18n/")):
            yield f"/admin/{route}"


def house_pages(sown):
    from jobs.images.models import ImageJob
    from jobs.practice.models import PracticeRecord, PracticeSession
    from jobs.runtime.models import Task

    yield from ("/", "/recent", "/account/", "/account/webhooks/", "/weather/", "/images/", "/practice/", "/login/")
    for task in sown.of(Task)[:3]:
        yield from (f"/tasks/{task.pk}", f"/tasks/{task.pk}/card")
    for job in sown.of(ImageJob)[:2]:
        yield from (f"/images/{job.job_id}", f"/images/{job.job_id}/card")
    for session in sown.of(PracticeSession)[:2]:
        yield from (f"/practice/{session.pk}", f"/practice/{session.pk}/list")
    for record in sown.of(PracticeRecord)[:2]:
        place = f"/practice/{record.session_id}/records/{record.pk}"
        yield from (place, f"{place}/card")
    yield f"/nowhere/%3C{MARK}%3E"
    yield f"/login/?next=javascript:alert('{MARK}')"


def taken_hold(page):
    """Return where a payload became more than text."""
    found = []
    for element in html.document_fromstring(page).iter():
        if not isinstance(element.tag, str):
            # A comment is no text of a page's.
            if MARK in (element.text or ""):
                found.append(("a comment", element.text[:80]))
            continue
        name = element.tag.lower()
        words = element.text or ""
        if MARK in name or (name == "style" and MARK in words):
            found.append((name, words[:80]))
        if name == "script" and MARK in words and element.get("type") not in {"application/json"}:
            found.append(("a script", words[:80]))
        for attribute, value in ((written.lower(), value) for written, value in element.attrib.items()):
            starts = "".join(value.split()).lower().lstrip("\x01\x00")
            is_url = attribute in URLS and MARK in value and starts.startswith(("javascript", "vbscript", "data:text"))
            is_code = attribute.startswith(CODE) and MARK in value
            if MARK in attribute or is_url or is_code:
                found.append((name, attribute, value[:80]))
    return found


def look(client, paths):
    """Return what is wrong on which page, and how many pages were seen with payloads on them."""
    wrong, marked = [], 0
    for path in dict.fromkeys(paths):
        answer = client.get(path)
        if answer.status_code >= 500:
            wrong.append((path, answer.status_code))
            continue
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if "text/html" not in answer.get("Content-Type", "") or not body.strip():
            continue
        marked += MARK.encode() in body
        wrong += [(path, *where) for where in taken_hold(body)]
        policy = dict(part.split(None, 1) for part in answer.get("Content-Security-Policy", "").split("; ") if part)
        # Alpine, which unfold's admin is made with, needs the second.
        if not set(policy.get("script-src", "*").split()) <= {
            "'self'",
            *(["'unsafe-eval'"] if "/admin/" in path else []),
        }:
            wrong.append((path, "its policy", policy))
    return wrong, marked


def test_no_stored_text_becomes_code_on_any_page(sown, staff, owner):
    assert len(PAYLOADS) >= 150
    boss, hana = (Client(raise_request_exception=False, headers={"accept-language": "en"}) for _ in range(2))
    boss.force_login(staff)
    hana.force_login(owner)

    wrong, marked = look(boss, admin_pages(sown))
    wrong_here, marked_here = look(hana, house_pages(sown))

    assert wrong + wrong_here == []
    # The payloads are there to be seen.
    assert marked > 40
    assert marked_here > 8


def test_the_look_sees_what_it_looks_for():
    """Every payload that stands unescaped in a page is found, but for those that are harmless without a template."""
    blind = [one for one in PAYLOADS if "<" in one and not taken_hold(f"<html><body><p>{one}</p></body></html>")]

    assert [one for one in blind if f"<{MARK}" in one or "<script>" in one.partition("title")[0][:9]] == []
    assert taken_hold(f'<html><body><a href="{PAYLOADS[0]}" onclick="{MARK}">x</a></body></html>')
