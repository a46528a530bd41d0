"""The bill of materials: valid, complete, and with what lies inside the wheels."""

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.deployment import audit, sbom


@pytest.fixture(scope="module")
def document():
    return sbom.document()


def test_it_is_valid_by_the_schema_of_cyclonedx(document):
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)) is None


def test_every_package_of_the_image_is_in_it_with_its_digests(document):
    packages = {each["name"].lower().replace("_", "-"): each for each in document["components"] if "purl" in each}

    assert {name: packages[name]["version"] for name in packages} == audit.pins(audit.LOCK.read_text())
    assert not [
        name for name, each in packages.items() if not any("hashes" in one for one in each["externalReferences"])
    ]


def test_the_libraries_inside_the_wheels_are_in_it(document):
    natives = {each["name"]: each for each in document["components"] if each["bom-ref"].startswith("native:")}

    assert {"ffmpeg", "openssl", "sqlite", "libpq", "valkey", "webp"} <= natives.keys()
    assert any(name.startswith("libavcodec") and "hashes" in each for name, each in natives.items())
    assert len({each["bom-ref"] for each in document["components"]}) == len(document["components"])
