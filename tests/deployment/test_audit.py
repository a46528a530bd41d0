"""The audit of the lock, against a stand-in of OSV: what it finds, and what it must not take for an answer."""

import http.server
import json
import threading

import pytest

from tests.deployment import audit

HASH = "--hash=sha256:" + "0" * 64
GHSA = {
    "id": "GHSA-frmv-pr5f-9mcr",
    "summary": "SQL injection through _connector",
    "details": "",
    "published": "2025-11-05T00:00:00Z",
    "aliases": ["CVE-2025-64459"],
    "affected": [
        {
            "package": {"name": "django", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "5.2"}, {"fixed": "5.2.8"}]}],
            "versions": ["5.2.7"],
        }
    ],
}


class Osv(http.server.BaseHTTPRequestHandler):
    """Answers as https://google.github.io/osv.dev/post-v1-query/ says; knows one vulnerability."""

    status = 200

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        hit = (asked["package"]["name"].lower(), asked["version"]) == ("django", "5.2.7")
        body = json.dumps({"vulns": [GHSA]} if hit else {}).encode()
        self.send_response(type(self).status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words):
        pass


@pytest.fixture(scope="module")
def osv():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Osv) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"--osv-url=http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


@pytest.fixture
def lock(tmp_path):
    def written(*pins):
        place = tmp_path / "requirements.lock"
        place.write_text("".join(f"{pin} \\\n    {HASH}\n" for pin in pins))
        return place

    return written


def test_a_planted_vulnerable_pin_is_found(osv, lock):
    code, said = audit.audit(lock("asgiref==3.13.0", "django==5.2.7"), more=[osv])

    assert code == audit.VULNERABLE
    assert len(said) == 1
    assert said[0].startswith("django 5.2.7: ")
    assert said[0].endswith("mended in 5.2.8")


def test_the_lock_as_it_is_can_be_read_and_every_package_of_it_is_asked_about(osv):
    assert audit.audit(audit.LOCK, more=[osv]) == (audit.CLEAN, [])
    assert len(audit.pins(audit.LOCK.read_text())) > 100


def test_a_service_that_cannot_be_reached_or_fails_is_no_clean_answer(osv, lock, monkeypatch):
    place = lock("asgiref==3.13.0")

    # Port 9 is discard's, where nobody listens.
    assert audit.audit(place, more=["--osv-url=http://127.0.0.1:9/v1/query"])[0] == audit.UNKNOWN
    monkeypatch.setattr(Osv, "status", 500)
    assert audit.audit(place, more=[osv])[0] == audit.UNKNOWN


def test_a_skipped_or_missing_package_is_a_failure():
    wanted = {"asgiref": "3.13.0", "django": "5.2.19"}
    fine = {"name": "asgiref", "version": "3.13.0", "vulns": []}

    for other in (
        [],
        [{"name": "Django", "skip_reason": "not found"}],
        [{"name": "django", "version": "5.2.18", "vulns": []}],
    ):
        code, said = audit.judged({"dependencies": [fine, *other]}, wanted)
        assert code == audit.UNKNOWN
        assert said[0].startswith("django 5.2.19 was not looked up")
    assert audit.judged({}, wanted)[0] == audit.UNKNOWN
    both = [fine, {"name": "Django", "version": "5.2.19", "vulns": []}]
    assert audit.judged({"dependencies": both}, wanted) == (audit.CLEAN, [])
