"""Write what the image is made of as a CycloneDX 1.6 document, the libraries inside the wheels included:

    python -m tests.deployment.sbom FILE

Packages and their digests come from docker/requirements.lock, native libraries from what is installed here.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.deployment import audit, natives


def packages() -> dict[str, Any]:
    """Return the document of the packages, as cyclonedx-py makes it from the lock."""
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", str(audit.LOCK), "--of", "JSON", "--sv", "1.6"]
    done = subprocess.run([*command, "--output-reproducible"], capture_output=True, text=True, check=True, timeout=120)
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def component(name: str, version: str, inside: str, digest: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": f"native:{inside}:{name}",
        "name": name,
        "properties": [{"name": "koebako:inside", "value": inside}],
    }
    if version:
        made["version"] = version
    if digest:
        made["hashes"] = [{"alg": "SHA-256", "content": digest}]
    return made


def document() -> dict[str, Any]:
    found = packages()
    wanted = audit.pins(audit.LOCK.read_text())
    # Those of other systems and Pythons are in the lock, not in the image.
    found["components"] = [each for each in found["components"] if each["name"].lower().replace("_", "-") in wanted]
    kept = {each["bom-ref"] for each in found["components"]}
    found["dependencies"] = [each for each in found.get("dependencies", []) if each["ref"] in kept]
    for native in natives.told():
        found["components"].append(component(native.name, native.version, native.inside))
    for package in sorted(wanted):
        for place, digest in natives.files(package):
            # libavcodec-1a2b3c4d.so.62.28.102: the wheel's own mark, and the library's version.
            version = re.search(r"\.so\.([\d.]+)$", place.name)
            found["components"].append(component(place.name, version[1] if version else "", package, digest))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.deployment.sbom", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="is written anew")
    place = parser.parse_args().file
    made = document()
    place.write_text(json.dumps(made, indent=2) + "\n")
    print(f"{len(made['components'])} components")


if __name__ == "__main__":
    main()
