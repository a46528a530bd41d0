"""docker/k8s: by Kubernetes' own schemas, and by the restricted profile that the namespace enforces."""

import kubernetes_validate
import pytest
import yaml

from tests.deployment import manifests

# What the manifests use came with 1.25 at the latest; the newest that the schemas know is tried too.
VERSIONS = ("1.30", "1.36")
DOCUMENTS = manifests.documents()
PODS = manifests.pods()
# Kinds of others, whose schemas no package carries: their fields by their makers' reference (KEDA 2.14, operator 0.75).
FOREIGN = {
    "ScaledObject": {
        "scaleTargetRef", "minReplicaCount", "maxReplicaCount", "pollingInterval", "cooldownPeriod", "fallback",
        "advanced", "triggers",
    },
    "ServiceMonitor": {"selector", "endpoints"},
}  # fmt: skip
each_pod = pytest.mark.parametrize("role", sorted(PODS))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_document_is_valid_by_the_schemas_of_kubernetes(version):
    wrong = []
    for file, one in DOCUMENTS:
        if one["kind"] in FOREIGN:
            continue
        try:
            kubernetes_validate.validate(one, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            wrong.append(f"{file} {one['kind']}: {error.message}")

    assert wrong == []


def test_the_schemas_refuse_a_field_that_does_not_exist():
    _file, web = next(pair for pair in DOCUMENTS if pair[1]["kind"] == "Deployment")
    misspelt = yaml.safe_load(yaml.safe_dump(web))
    misspelt["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(misspelt, VERSIONS[0], strict=True)


def test_the_kinds_of_others_use_fields_that_their_makers_name():
    found = {one["kind"]: one for _file, one in DOCUMENTS if one["kind"] in FOREIGN}

    assert found.keys() == FOREIGN.keys()
    for kind, one in found.items():
        assert set(one["spec"]) <= FOREIGN[kind]
    (trigger,) = found["ScaledObject"]["spec"]["triggers"]
    assert trigger["type"] == "prometheus"
    assert set(trigger["metadata"]) <= {"serverAddress", "query", "threshold", "ignoreNullValues"}
    # KEDA reads strings.
    assert all(isinstance(value, str) for value in trigger["metadata"].values())


@each_pod
def test_a_pod_asks_for_no_more_than_the_restricted_profile_grants(role):
    pod = PODS[role]
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert not [volume for volume in pod["volumes"] if "hostPath" in volume]
    assert container["resources"]["limits"]["memory"]
    assert container["resources"]["requests"]["cpu"]


@each_pod
def test_a_pod_is_watched_by_looks_that_ask_neither_database_nor_queue(role):
    (container,) = PODS[role]["containers"]
    if role == "migrate":
        assert PODS[role]["restartPolicy"] == "Never"
        return

    for probe in ("startupProbe", "livenessProbe"):
        if role == "web":
            assert container[probe]["httpGet"] == {"path": "/healthz", "port": "http"}
        else:
            assert container[probe]["exec"]["command"] == ["python", "-m", "core.alive"]
    if role == "web":
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz?for=web"


def test_the_namespace_refuses_what_is_not_restricted():
    _file, namespace = next(pair for pair in DOCUMENTS if pair[1]["kind"] == "Namespace")

    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_one_bot_runs_for_a_token():
    bots = [one for file, one in DOCUMENTS if file == "bots.yaml"]

    assert [(bot["spec"]["replicas"], bot["spec"]["strategy"]) for bot in bots] == [(1, {"type": "Recreate"})] * 2


def test_workers_follow_the_age_of_what_waits_by_either_scaler_and_by_nothing_else():
    found = {one["kind"]: one["spec"] for file, one in DOCUMENTS if file.startswith("autoscaling")}
    workers = next(one for file, one in DOCUMENTS if file == "workers.yaml")

    assert found["ScaledObject"]["triggers"][0]["metadata"]["query"] == "max(koebako_queue_oldest_seconds)"
    metric = found["HorizontalPodAutoscaler"]["metrics"][0]["external"]
    assert metric["metric"]["name"] == "koebako_queue_oldest_seconds"
    assert metric["target"]["value"] == found["ScaledObject"]["triggers"][0]["metadata"]["threshold"]
    assert "replicas" not in workers["spec"]
    assert found["ScaledObject"]["scaleTargetRef"]["name"] == workers["metadata"]["name"]


def test_kustomize_names_files_that_are_there_and_one_scaler():
    kustomization = yaml.safe_load((manifests.K8S / "kustomization.yaml").read_text())

    assert {name for name in kustomization["resources"] if not (manifests.K8S / name).exists()} == set()
    left_out = {file for file, _one in DOCUMENTS} - set(kustomization["resources"])
    assert left_out == {"secrets.example.yaml", "migrate.yaml", "bots.yaml", "autoscaling-hpa.yaml"}


def test_a_process_reaches_the_internet_and_nothing_of_ones_own():
    outside = next(one for _file, one in DOCUMENTS if one["metadata"]["name"] == "koebako-outside")["spec"]
    nothing = next(one for _file, one in DOCUMENTS if one["metadata"]["name"] == "koebako-nothing")["spec"]

    assert nothing == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for block in outside["egress"][0]["to"]:
        if block["ipBlock"]["cidr"] == "0.0.0.0/0":
            assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"} <= set(
                block["ipBlock"]["except"]
            )
    assert "migrate" not in outside["podSelector"]["matchExpressions"][0]["values"]
