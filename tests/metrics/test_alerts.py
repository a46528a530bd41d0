"""Rules and dashboard speak of metrics that exist, and alerts sound when they should."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from prometheus_client.parser import text_string_to_metric_families as read_text

from jobs.engines.image.port import Picture
from jobs.images import costs
from jobs.runtime import breaker, counting, keepers
from jobs.runtime.models import Task

DOCKER = settings.BASE_DIR / "docker"
PROMETHEUS = DOCKER / "prometheus"
DASHBOARD = DOCKER / "grafana" / "dashboards" / "koebako.json"
RULES = PROMETHEUS / "rules.yml"
LIST = PROMETHEUS / "METRICS.md"
NAME = re.compile(r"\bkoebako_[a-z0-9_]+")
# Variables that Grafana fills in.
FILLED_IN = {"$__rate_interval": "5m", "$__interval": "1m", "$function": ".*"}


def promtool(*words: str) -> str:
    """Return what promtool says; it must be content."""
    program = shutil.which("promtool")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no promtool: CI installs Debian's package `prometheus`, which holds it")
        pytest.skip("no promtool: it comes with Debian's package `prometheus`")
    done = subprocess.run([program, *words], check=False, cwd=PROMETHEUS, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def rules() -> list[dict[str, str]]:
    """Return the alerts: name, expression, severity, annotations. The file is as plain as this reading of it."""
    found = []
    for block in re.split(r"\n +- (?=alert:|record:)", RULES.read_text())[1:]:
        fields = dict(re.findall(r"^ *(alert|record|summary|description|runbook|for): *(.+)$", block, re.M))
        fields["severity"] = (re.search(r"severity: (\w+)", block) or ["", ""])[1]
        fields["expr"] = block.partition("expr:")[2]
        found.append(fields)
    return found


def alerts() -> list[dict[str, str]]:
    return [rule for rule in rules() if "alert" in rule]


def expressions(node: object) -> list[str]:
    """Return every PromQL expression of the dashboard."""
    if isinstance(node, dict):
        own = [node["expr"]] if isinstance(node.get("expr"), str) else []
        return own + [each for value in node.values() for each in expressions(value)]
    return [each for value in node for each in expressions(value)] if isinstance(node, list) else []


@pytest.fixture
def families(client, transactional_db, valkey):
    """What a house shows that has done a bit of everything: name -> (type, help, label names)."""
    keepers.beat("one", wanted=1)
    called = breaker.Breaker("image", "gemini")
    called.succeeded(called.admit())
    costs.note("gemini", Picture(b"", 1, 1, "model", cost_usd=0.04))
    sums = counting.Sums()
    sums.attempt(Task(function="toy_echo", status="failure", attempt=2), error_type="timeout_error")
    counting.send(sums)
    text = client.get("/metrics").content.decode()
    found = {}
    for family in read_text(text):
        labels = {name for sample in family.samples for name in sample.labels} - {"le"}
        found[family.name] = (family.type, family.documentation, sorted(labels))
    return found


def exported(families) -> set[str]:
    """Return the names that can be asked for."""
    names = set()
    for name, (kind, _words, _labels) in families.items():
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(kind, ("",))
        names |= {name.removesuffix("_total") + ending for ending in endings}
    return names


def test_the_rules_are_sound():
    assert "SUCCESS" in promtool("check", "rules", "rules.yml")
    assert "SUCCESS" in promtool("test", "rules", "rules_test.yml")


def test_the_configuration_is_sound(tmp_path):
    token = tmp_path / "metrics_token"
    token.write_text("a token")
    text = (PROMETHEUS / "prometheus.yml").read_text().replace("/run/secrets/metrics_token", str(token))
    (tmp_path / "prometheus.yml").write_text(text)
    shutil.copy(RULES, tmp_path)

    assert "SUCCESS" in promtool("check", "config", str(tmp_path / "prometheus.yml"))
    # As OPERATIONS.md says, where the token lies nowhere.
    assert "SUCCESS" in promtool("check", "config", "--syntax-only", "prometheus.yml")


def test_every_expression_of_the_dashboard_parses(tmp_path):
    found = expressions(json.loads(DASHBOARD.read_text()))
    assert len(found) > 50
    for variable, value in FILLED_IN.items():
        found = [each.replace(variable, value) for each in found]
    records = [{"record": f"panel:{n}", "expr": each} for n, each in enumerate(found)]
    # JSON is YAML too.
    (tmp_path / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": records}]}))

    assert f"{len(records)} rules found" in promtool("check", "rules", str(tmp_path / "panels.yml"))


def test_every_metric_that_is_asked_for_is_exported(families):
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    asked = {name for rule in rules() for name in NAME.findall(rule["expr"])}
    board = expressions(json.loads(DASHBOARD.read_text()))
    asked |= {name for each in board for name in NAME.findall(each)}
    tried = (PROMETHEUS / "rules_test.yml").read_text()
    asked |= set(NAME.findall(tried))

    assert asked - exported(families) == set()
    assert {name for each in board for name in re.findall(r"koebako:[a-z0-9_:]+", each)} <= recorded
    # And there is little that nobody looks at.
    assert exported(families) - asked <= {
        "koebako_task_duration_seconds_sum",
        "koebako_task_duration_seconds_count",
        "koebako_task_wait_seconds_sum",
        "koebako_task_wait_seconds_count",
    }


def test_every_label_that_is_asked_for_is_exported(families):
    known = {
        "le",
        "job",
        "instance",
        "alertname",
        "alertstate",
        *(each for _k, _h, some in families.values() for each in some),
    }
    texts = [rule["expr"] for rule in rules()] + expressions(json.loads(DASHBOARD.read_text()))
    asked = {name for text in texts for name in re.findall(r"[{,] *([a-z_]+) *(?:=~|!~|!=|=)\"?", text)}
    asked |= {
        name for text in texts for group in re.findall(r"\bby \(([^)]*)\)", text) for name in re.split(r", *", group)
    }

    assert asked - known == set()


def test_every_exported_metric_has_words_and_stands_in_the_list(families):
    listed = dict(re.findall(r"^\| `(koebako_[a-z_]+)(?:\{[a-z_,]+\})?` \| (\w+) \|", LIST.read_text(), re.M))
    kinds = {
        name.removesuffix("_total") + ("_total" if kind == "counter" else ""): kind
        for name, (kind, _words, _labels) in families.items()
    }

    assert [name for name, (_kind, words, _labels) in families.items() if len(words) < 10 or words[-1] != "."] == []
    assert listed == kinds


def test_each_alert_says_what_to_do():
    names = [alert["alert"] for alert in alerts()]
    assert len(names) == len(set(names)) >= 12
    for alert in alerts():
        assert alert["severity"] in {"critical", "warning", "info"}, alert
        assert len(alert["summary"]) > 10
        assert len(alert["description"]) > 20
        assert alert["runbook"] == f"OPERATIONS.md#alert-{alert['alert'].lower()}"


def test_each_alert_is_tried():
    tried = (PROMETHEUS / "rules_test.yml").read_text()

    assert [
        alert["alert"] for alert in alerts() if f'alertname="{alert["alert"]}", alertstate="firing", ' not in tried
    ] == []


def test_the_handbook_has_a_chapter_for_each_alert():
    handbook = DOCKER / "OPERATIONS.md"
    headings = set(re.findall(r"^#+ (Alert \w+)\s*$", handbook.read_text(), re.M))

    assert headings == {f"Alert {alert['alert']}" for alert in alerts()}


def test_the_dashboard_fits_its_grid_and_names_its_panels():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert x < 24
                assert (x, y) not in taken, (panel["title"], taken[x, y])
                taken[x, y] = panel["title"]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] for panel in panels)


def test_provisioning_points_to_what_is_there():
    compose = (DOCKER / "compose.yaml").read_text()
    source = (DOCKER / "grafana" / "provisioning" / "datasources" / "prometheus.yaml").read_text()
    boards = (DOCKER / "grafana" / "provisioning" / "dashboards" / "koebako.yaml").read_text()
    folder = re.search(r"path: (\S+)", boards)[1]

    assert f"./grafana/dashboards:{folder}:ro" in compose
    assert re.search(r"url: http://(\w+):9090", source)[1] == "prometheus"
    assert re.search(r"^  prometheus:$", compose, re.M)
    assert Path(DASHBOARD).is_file()
