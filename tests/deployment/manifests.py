"""Read docker/k8s/*.yaml and docker/systemd: what each process is given there."""

import configparser
import shlex
from pathlib import Path
from typing import Any

import yaml

from tests.deployment.dockerfile import ROOT

K8S = ROOT / "docker" / "k8s"
SYSTEMD = ROOT / "docker" / "systemd"
COMMON = SYSTEMD / "koebako-.service.d" / "50-common.conf"


def documents() -> list[tuple[str, dict[str, Any]]]:
    """Return (file name, document) of everything but kustomize's own file."""
    found = []
    for place in sorted(K8S.glob("*.yaml")):
        if place.name != "kustomization.yaml":
            found += [(place.name, one) for one in yaml.safe_load_all(place.read_text()) if one]
    return found


def pods() -> dict[str, dict[str, Any]]:
    """Return the pod's spec of each role."""
    found = {}
    for _file, one in documents():
        if one["kind"] in {"Deployment", "Job", "StatefulSet"}:
            found[one["metadata"]["labels"]["app.kubernetes.io/component"]] = one["spec"]["template"]["spec"]
    return found


def environment(pod: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: str(each.get("value", "")) for each in pod["containers"][0]["env"]}


class Unit:
    """One unit with what all of them share."""

    def __init__(self, place: Path) -> None:
        self.name = place.stem
        self.lines: dict[str, list[str]] = {}
        for file in (COMMON, place):
            for line in file.read_text().splitlines():
                if "=" in line and not line.startswith("#"):
                    key, _equals, value = line.partition("=")
                    self.lines.setdefault(key, []).append(value)

    def one(self, key: str) -> str:
        return self.lines[key][-1]

    def environment(self) -> dict[str, str]:
        return dict(pair.split("=", 1) for line in self.lines["Environment"] for pair in shlex.split(line))

    def credentials(self) -> set[str]:
        return {line.split(":")[0] for line in self.lines["LoadCredential"]}


def units() -> dict[str, Unit]:
    return {place.stem: Unit(place) for place in sorted(SYSTEMD.glob("*.service"))}


def target() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(SYSTEMD / "koebako.target")
    return parser
