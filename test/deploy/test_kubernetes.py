"""deploy/kubernetes: every overlay builds, each resource is one, and what names another names one that is there."""

import argparse
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import jsonschema
import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "kubernetes"
OVERLAYS = sorted(path.name for path in (FOLDER / "overlays").iterdir())
CUSTOM = yaml.safe_load(Path(__file__).with_name("custom_resources.yaml").read_text())

pytestmark = pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl builds the overlays")


@cache
def built(overlay: str) -> tuple:
    ran = subprocess.run(["kubectl", "kustomize", FOLDER / "overlays" / overlay], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return tuple(yaml.safe_load_all(ran.stdout))


@pytest.fixture(params=OVERLAYS)
def resources(request):
    return built(request.param)


def of(resources, kind, name=None):
    found = [one for one in resources if one["kind"] == kind and name in (None, one["metadata"]["name"])]
    assert found, f"there is no {kind} {name or ''}"
    return found


def only(resources, kind, name):
    (found,) = of(resources, kind, name)
    return found


def container(resources, name):
    (one,) = only(resources, "Deployment", name)["spec"]["template"]["spec"]["containers"]
    return one


def argument(one, name):
    (found,) = [word.partition("=")[2] for word in one["args"] if word.partition("=")[0] == f"--{name}"]
    return found


def pods(resources, selector):
    """The deployments whose pods have these labels."""
    wanted = selector.items()
    return [
        one["metadata"]["name"]
        for one in of(resources, "Deployment")
        if wanted <= one["spec"]["template"]["metadata"]["labels"].items()
    ]


def test_each_resource_is_one(resources):
    validate = pytest.importorskip("kubernetes_validate", reason="requirements/deploy.txt brings it")
    for one in resources:
        name = f"{one['apiVersion']}/{one['kind']}"
        if name in CUSTOM:
            jsonschema.Draft202012Validator({**CUSTOM[name], "$defs": CUSTOM["$defs"]}).validate(one)
        else:
            validate.validate(one, "1.37", strict=True)


@pytest.mark.parametrize("wrong", [{"spec": {"hostname": ["a"]}}, {"spec": {"rules": [{"timeouts": {"request": "600"}}]}}])
def test_a_custom_resource_with_a_wrong_field_is_found(wrong):
    schema = {**CUSTOM["gateway.networking.k8s.io/v1/HTTPRoute"], "$defs": CUSTOM["$defs"]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(wrong)


def test_selectors_find_their_pods(resources):
    for one in of(resources, "Deployment"):
        name, labels = one["metadata"]["name"], one["spec"]["selector"]["matchLabels"]
        assert pods(resources, labels) == [name]
        for spread in one["spec"]["template"]["spec"]["topologySpreadConstraints"]:
            assert pods(resources, spread["labelSelector"]["matchLabels"]) == [name]
    for kind in ("PodDisruptionBudget", "PodMonitor"):
        for one in of(resources, kind):
            assert pods(resources, one["spec"]["selector"]["matchLabels"]) == [one["metadata"]["name"]]
    service = only(resources, "Service", "glm4v-router")
    assert pods(resources, service["spec"]["selector"]) == ["glm4v-router"]
    key, _, value = argument(container(resources, "glm4v-router"), "selector").partition("=")
    assert pods(resources, {key: value}) == ["glm4v-serve"]


def test_ports_are_there(resources):
    serve, router = container(resources, "glm4v-serve"), container(resources, "glm4v-router")
    ports = {name: {port["name"]: port["containerPort"] for port in one["ports"]} for name, one in
             (("glm4v-serve", serve), ("glm4v-router", router))}  # fmt: skip
    assert ports["glm4v-serve"]["http"] == int(argument(serve, "port")) == int(argument(router, "service-discovery-port"))
    assert ports["glm4v-router"]["http"] == int(argument(router, "port"))
    assert ports["glm4v-router"]["metrics"] == int(argument(router, "prometheus-port"))
    for name, one in (("glm4v-serve", serve), ("glm4v-router", router)):
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if probe in one:
                assert one[probe]["httpGet"]["port"] in ports[name]
    (port,) = only(resources, "Service", "glm4v-router")["spec"]["ports"]
    assert port["targetPort"] in ports["glm4v-router"]
    for monitor in of(resources, "PodMonitor"):
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            assert endpoint["port"] in ports[monitor["metadata"]["name"]]


def test_probes_ask_what_the_server_has(resources):
    from glm4v_ros.web import app

    source = Path(app.__file__).read_text()
    serve = container(resources, "glm4v-serve")
    paths = {probe: serve[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert paths["readinessProbe"] == "/ready" == argument(container(resources, "glm4v-router"), "health-check-endpoint")
    for path in {*paths.values(), "/metrics"}:
        assert f'Route("{path}"' in source
    # Probes and router call a pod by its address, and the server refuses names that are not its own.
    assert argument(serve, "host") == "$(POD_IP)"
    (variable,) = [one for one in serve["env"] if one["name"] == "POD_IP"]
    assert variable["valueFrom"]["fieldRef"]["fieldPath"] == "status.podIP"


def test_the_servers_options_are_options(resources):
    from glm4v_ros.cli import serve
    from glm4v_ros.web.settings import Settings

    values = {"POD_IP": "10.1.2.3", **of(resources, "ConfigMap")[0]["data"]}
    verb, *words = [re.sub(r"\$\((\w+)\)", lambda found: values[found[1]], word) for word in container(resources, "glm4v-serve")["args"]]
    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    args = parser.parse_args(words)
    assert verb == "serve"
    settings = Settings(host=args.host, port=args.port, proxies=tuple(args.proxies), keys_required=True)
    settings.check()
    assert settings.knows_host("10.1.2.3:8080")


def test_the_route_leads_to_the_router(resources):
    gateway, route = only(resources, "Gateway", "glm4v"), only(resources, "HTTPRoute", "glm4v")
    (listener,) = gateway["spec"]["listeners"]
    (parent,) = route["spec"]["parentRefs"]
    assert parent == {"name": gateway["metadata"]["name"], "sectionName": listener["name"]}
    assert listener["protocol"] == "HTTPS" and listener["tls"]["certificateRefs"] and route["spec"]["hostnames"] == [listener["hostname"]]
    (rule,) = route["spec"]["rules"]
    (backend,) = rule["backendRefs"]
    service = only(resources, "Service", backend["name"])
    assert backend["port"] in [port["port"] for port in service["spec"]["ports"]]


def test_networks_are_closed_but_for_these_ways(resources):
    policies = of(resources, "NetworkPolicy")
    assert only(resources, "NetworkPolicy", "default-deny")["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    ways = {}
    for one in policies:
        for rule in one["spec"].get("ingress", ()):
            sources = []
            for source in rule["from"]:
                selector = source.get("podSelector", {}).get("matchLabels")
                sources += pods(resources, selector) if selector else source["namespaceSelector"]["matchLabels"].values()
            (target,) = pods(resources, one["spec"]["podSelector"]["matchLabels"])
            for port in rule["ports"]:
                ways.setdefault((target, port["port"]), set()).update(sources)
    assert ways == {
        ("glm4v-serve", 8080): {"glm4v-router", "monitoring"},
        ("glm4v-router", 8000): {"gateway"},
        ("glm4v-router", 29000): {"monitoring"},
    }


def test_the_autoscaler_reads_a_metric_that_is_there(resources):
    from glm4v_ros.web import metrics

    one = only(resources, "ScaledObject", "glm4v-serve")["spec"]
    only(resources, "Deployment", one["scaleTargetRef"]["name"])
    assert "replicas" not in only(resources, "Deployment", "glm4v-serve")["spec"], "each apply would undo what the autoscaler did"
    (trigger,) = one["triggers"]
    (name,) = re.findall(r"glm4v_\w+", trigger["metadata"]["query"].partition("{")[0])
    assert f'"{name}"' in Path(metrics.__file__).read_text()


def test_pods_may_do_little(resources):
    for one in of(resources, "Deployment"):
        spec = one["spec"]["template"]["spec"]
        assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
        for box in spec["containers"]:
            security = box["securityContext"]
            assert security["readOnlyRootFilesystem"] and security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]} and "memory" in box["resources"]["limits"]
            assert ":" in box["image"] and not box["image"].endswith(":latest")
    (binding,) = of(resources, "RoleBinding")
    role = only(resources, "Role", binding["roleRef"]["name"])
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]
    assert binding["subjects"][0]["name"] == only(resources, "Deployment", "glm4v-router")["spec"]["template"]["spec"]["serviceAccountName"]


def test_volumes_and_settings_are_there(resources):
    serve = only(resources, "Deployment", "glm4v-serve")["spec"]["template"]["spec"]
    (settings,) = of(resources, "ConfigMap")
    assert serve["containers"][0]["envFrom"] == [{"configMapRef": {"name": settings["metadata"]["name"]}}]
    names = {one["name"] for one in serve["containers"][0]["env"]} | settings["data"].keys()
    assert set(re.findall(r"\$\((\w+)\)", " ".join(serve["containers"][0]["args"]))) <= names
    volumes = {one["name"]: one for one in serve["volumes"]}
    assert {one["name"] for one in serve["containers"][0]["volumeMounts"]} == volumes.keys()
    only(resources, "PersistentVolumeClaim", volumes["models"]["persistentVolumeClaim"]["claimName"])
