"""A worker with nothing to do lets functions get ready; what one of them does wrong ends neither it nor the others."""

from dataclasses import replace

from jobs.runtime import feed, registry


def test_every_function_may_get_ready_whatever_another_does(monkeypatch, caplog):
    called = []

    def fail():
        raise RuntimeError("broken")

    known = registry.every()
    wanted = [
        replace(known[0], name="a", at_rest=fail),
        replace(known[0], name="b", at_rest=lambda: called.append("b")),
        replace(known[0], name="c", at_rest=None),
    ]
    monkeypatch.setattr(registry, "every", lambda: wanted)

    feed.rest()

    assert called == ["b"]
    assert "a function could not get ready" in caplog.text
