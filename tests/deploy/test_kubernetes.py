"""The manifests hold by the schemas of Kubernetes, and by rules of our own that are stricter."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.deploy.test_units import check_command

KUBECTL = shutil.which("kubectl")
SCHEMA = "1.32"
pytestmark = pytest.mark.skipif(not KUBECTL, reason="kubectl is not installed (for kustomize)")
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def manifests(root: Path) -> list[Manifest]:
    """All objects, as `kubectl apply -k` would send them."""
    done = subprocess.run(
        [KUBECTL or "kubectl", "kustomize", str(root / "deploy" / "kubernetes")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return list(yaml.safe_load_all(done.stdout))


@pytest.fixture(scope="module")
def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    """The pods' specifications by the names of what makes them."""
    return {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]
        for one in manifests
        if "template" in one.get("spec", {})
    }


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def serving(pod: Manifest) -> Manifest:
    """The container that answers readers; what stands beside it has a command of its own."""
    (one,) = [one for one in pod["containers"] if "command" not in one]
    return one


def test_each_object_holds_by_its_schema(manifests: list[Manifest]) -> None:
    assert len(manifests) >= 20
    for one in manifests:
        kubernetes_validate.validate(one, SCHEMA, strict=True)
        if one["kind"] != "Namespace":
            assert one["metadata"]["namespace"] == "casebook"


def test_a_wrong_object_would_be_found(manifests: list[Manifest]) -> None:
    (broken,) = [
        one
        for one in manifests
        if one["metadata"]["name"] == "publishing" and one["kind"] == "Deployment"
    ]
    wrong = {**broken, "spec": {**broken["spec"], "replica": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, SCHEMA, strict=True)


def test_no_secret_is_in_them(manifests: list[Manifest]) -> None:
    assert "Secret" not in {one["kind"] for one in manifests}


def test_each_pod_is_restricted(pods: dict[str, Manifest]) -> None:
    assert set(pods) == {"agents", "dealers", "mcp", "publishing"}
    for name, pod in pods.items():
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True and security["runAsUser"] > 0, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert not any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC"))
        assert not any("hostPath" in volume for volume in pod["volumes"])


def test_each_container_is_locked_bounded_and_asked(pods: dict[str, Manifest]) -> None:
    for pod in pods.values():
        for one in containers(pod):
            security = one["securityContext"]
            assert security["readOnlyRootFilesystem"] is True, one["name"]
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            for kind in ("requests", "limits"):
                assert {"cpu", "memory", "ephemeral-storage"} == one["resources"][kind].keys()
            assert one["image"] == "registry.example.com/casebook:0.1.0"
        for one in pod["containers"]:
            assert one["readinessProbe"] and one["livenessProbe"], one["name"]


def test_commands_are_ours(pods: dict[str, Manifest]) -> None:
    found = [
        one["args"] for pod in pods.values() for one in pod["containers"] if "command" not in one
    ]
    assert len(found) == 4
    for words in found:
        check_command(words)


def test_probes_name_a_host_that_the_service_answers_to(pods: dict[str, Manifest]) -> None:
    for name in ("agents", "dealers"):
        one = serving(pods[name])
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = one[probe]["httpGet"]
            assert asked["path"] == "/healthz"
            assert asked["httpHeaders"] == [{"name": "Host", "value": "localhost"}]


def test_dealers_mount_nothing_of_the_agents(pods: dict[str, Manifest]) -> None:
    pod = pods["dealers"]
    sources = {
        volume["name"]: volume.get("persistentVolumeClaim", volume.get("configMap", {}))
        for volume in pod["volumes"]
    }
    assert {source.get("claimName") for source in sources.values()} == {
        None,
        "dealer-index",
        "dealer-site",
        "dealer-backups",
    }
    one = serving(pod)
    mounts = {mount["mountPath"]: mount.get("readOnly", False) for mount in one["volumeMounts"]}
    assert mounts == {
        "/library/casebook.toml": True,
        "/library/build/index/dealer": True,
        "/library/build/site": True,
        "/library/build/state/dealer": False,
        "/library/build/state/agent": False,
        "/library/build/choices": False,
        "/tmp": False,
    }
    for one in pod["containers"]:
        assert "envFrom" not in one
        # Its own volume stands where the command for notices writes besides.
        for mount in one["volumeMounts"]:
            assert "agent" not in mount["mountPath"] or mount["name"] == "state"


def test_agents_may_not_write_what_is_published(pods: dict[str, Manifest]) -> None:
    for name in ("agents", "mcp"):
        one = serving(pods[name])
        writable = {mount["name"] for mount in one["volumeMounts"] if not mount.get("readOnly")}
        assert writable == {"state", "temporary"}


def test_whoever_reaches_the_cluster_has_its_login_and_certificate(
    pods: dict[str, Manifest],
) -> None:
    watch, *_ = pods["publishing"]["containers"]
    for one in (watch, serving(pods["agents"]), serving(pods["mcp"])):
        assert {"secretRef": {"name": "opensearch", "optional": True}} in one["envFrom"]
        assert "/etc/casebook" in {mount["mountPath"] for mount in one["volumeMounts"]}


def test_what_each_pod_learned_is_backed_up_apart(pods: dict[str, Manifest]) -> None:
    places = []
    for name, audience in (("agents", "agent"), ("dealers", "dealer"), ("mcp", "agent")):
        (one,) = [one for one in pods[name]["containers"] if one["name"] == "backup"]
        assert f"casebook backup --audience {audience} " in one["args"][0]
        mounts = {mount["mountPath"]: mount for mount in one["volumeMounts"]}
        state = mounts[f"/library/build/state/{audience}"]
        assert state in serving(pods[name])["volumeMounts"]
        kept = mounts["/backups"]
        assert kept["name"] == f"{audience}-backups"
        places.append(kept.get("subPath") or kept["subPathExpr"])
    # The pods of a set are told apart by their names.
    assert places == ["$(POD)", "$(POD)", "mcp"]


def test_assistants_are_asked_after_by_their_port(pods: dict[str, Manifest]) -> None:
    one = serving(pods["mcp"])
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert one[probe]["tcpSocket"] == {"port": "http"}


def test_the_dealers_settings_differ_from_compose_by_the_network_only(root: Path) -> None:
    texts = [
        (root / "deploy" / place / "dealers.toml").read_text(encoding="utf-8")
        for place in (".", "kubernetes")
    ]
    read = [tomllib.loads(text) for text in texts]
    proxies = [one["service"].pop("proxy_hosts") for one in read]
    assert read[0] == read[1]
    assert proxies[0] != proxies[1]


def test_the_network_is_closed_but_for_what_is_needed(manifests: list[Manifest]) -> None:
    policies = {
        one["metadata"]["name"]: one["spec"] for one in manifests if one["kind"] == "NetworkPolicy"
    }
    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    # Nothing lets the dealers' pods out, and nothing lets other pods of ours in.
    for name, one in policies.items():
        if "egress" in one:
            selected = one["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
            assert selected in ("agents", "mcp", "publishing"), name
        for rule in one.get("ingress", []):
            assert all("namespaceSelector" in source for source in rule["from"])


def test_each_service_survives_a_drain(manifests: list[Manifest]) -> None:
    budgets = {one["metadata"]["name"] for one in manifests if one["kind"] == "PodDisruptionBudget"}
    sets = {one["metadata"]["name"]: one for one in manifests if one["kind"] == "StatefulSet"}
    assert budgets == set(sets) == {"agents", "dealers"}
    assert all(one["spec"]["replicas"] >= 2 for one in sets.values())


def test_prometheus_asks_each_pod_with_a_token_of_its_own(
    manifests: list[Manifest], root: Path
) -> None:
    """A state for each pod: a token that one knows is refused by the others."""
    services = {one["metadata"]["name"]: one for one in manifests if one["kind"] == "Service"}
    pods = {}
    for one in manifests:
        if one["kind"] == "StatefulSet":
            name, named_by = one["metadata"]["name"], one["spec"]["serviceName"]
            service = services[named_by]["spec"]
            # Only such a service gives the pods names.
            assert service["clusterIP"] == "None"
            assert service["selector"] == one["spec"]["selector"]["matchLabels"]
            (port,) = [port["port"] for port in service["ports"]]
            for number in range(one["spec"]["replicas"]):
                pods[f"{name}-{number}.{named_by}.casebook.svc:{port}"] = name.removesuffix("s")
    read = yaml.safe_load((root / "deploy" / "prometheus" / "kubernetes.yml").read_text("utf-8"))
    jobs = read["scrape_configs"]
    asked = {job["static_configs"][0]["targets"][0]: job["static_configs"][0] for job in jobs}
    assert {pod: one["labels"]["audience"] for pod, one in asked.items()} == pods
    assert len({job["authorization"]["credentials_file"] for job in jobs}) == len(pods)


def test_each_audience_has_a_host_of_its_own(manifests: list[Manifest]) -> None:
    hosts = {}
    for one in manifests:
        if one["kind"] == "Ingress":
            (rule,) = one["spec"]["rules"]
            hosts[rule["host"]] = one["metadata"]["name"]
            assert one["spec"]["tls"][0]["hosts"] == [rule["host"]]
            backends = {
                path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]
            }
            mcp = {"/mcp": "mcp"} if one["metadata"]["name"] == "agents" else {}
            assert backends == {"/": one["metadata"]["name"], "/metrics": "nowhere", **mcp}
    assert set(hosts.values()) == {"agents", "dealers"}
