"""Ask OSV whether a package of the image has a known vulnerability, and believe no answer that is not one:

    python -m tests.deployment.audit [LOCK]

pip-audit alone says "No known vulnerabilities found" and exits 0 when it could look none of them up. Here a package
that was skipped, is missing in the report, or could not be asked about is a failure. It needs the network (OSV's API);
CI reaches package registries only, so it is run by hand and by an operator's schedule.
Exit: 0 none known, 1 known ones, 2 not all could be looked up.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deployment.dockerfile import ROOT

LOCK = ROOT / "docker" / "requirements.lock"
SECONDS = 600
CLEAN, VULNERABLE, UNKNOWN = 0, 1, 2


def pins(lock: str) -> dict[str, str]:
    """Return the version of each package that this machine would install from a lock."""
    found = {}
    for line in re.findall(r"^([A-Za-z0-9].*?)(?: \\)?$", lock, flags=re.MULTILINE):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate():
            (specifier,) = requirement.specifier
            found[canonicalize_name(requirement.name)] = specifier.version
    return found


def judged(report: dict[str, Any], wanted: dict[str, str]) -> tuple[int, list[str]]:
    """Return the exit code for a report of pip-audit, and a sentence for each thing that is wrong."""
    told = {canonicalize_name(each["name"]): each for each in report.get("dependencies", [])}
    unknown, known = [], []
    for name, version in sorted(wanted.items()):
        each = told.get(name, {})
        if each.get("version") != version or "skip_reason" in each or not isinstance(each.get("vulns"), list):
            unknown.append(f"{name} {version} was not looked up: {each.get('skip_reason', 'it is not in the report')}")
            continue
        known += [
            f"{name} {version}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'no version'}"
            for one in each["vulns"]
        ]
    return (UNKNOWN if unknown else VULNERABLE if known else CLEAN), known + unknown


def audit(lock: Path, *, more: Iterable[str] = ()) -> tuple[int, list[str]]:
    """Run pip-audit on a lock; more: further words for it."""
    command = [sys.executable, "-m", "pip_audit", "--strict", "--progress-spinner=off", "--format=json"]
    command += ["--vulnerability-service=osv", "--disable-pip", "--require-hashes", f"--requirement={lock}", *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        last = done.stderr.strip().splitlines()[-1:] or ["no word"]
        return UNKNOWN, [f"pip-audit gave no report: {last[0]}"]
    return judged(report, pins(lock.read_text()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lock", nargs="?", type=Path, default=LOCK)
    parser.add_argument("--osv-url", default="")
    options = parser.parse_args()
    code, said = audit(options.lock, more=[f"--osv-url={options.osv_url}"] if options.osv_url else [])
    for line in said:
        print(line)
    print(f"{len(pins(options.lock.read_text()))} packages, {len(said)} to look at")
    return code


if __name__ == "__main__":
    sys.exit(main())
