"""The Dockerfile, the compose file and the manifests fit the service that they run."""

import inspect
import math
import os
import re
import shutil
import subprocess
from typing import get_args

import pytest
import yaml

import hemascope
from hemascope.cli import commands
from hemascope.cli.serve import TOKEN, serve
from hemascope.serve.app import create_app
from hemascope.serve.lifecycle import END_SECONDS
from hemascope.serve.settings import Settings
from tests.deploy.files import (
    CADDYFILE,
    KUBERNETES,
    ROOT,
    bytes_of,
    compose,
    environment,
    health_check,
    instructions,
    last_stage,
    manifest,
)
from tests.serve.conftest import model, start  # noqa: F401

USER = 10001
POD = manifest("Deployment")["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]


def variables():
    """Those that `hemascope serve` reads."""
    options = [get_args(one.annotation)[1] for one in inspect.signature(serve, eval_str=True).parameters.values()]
    return {option.envvar for option in options} | {TOKEN}


def test_the_version_is_the_packages():
    assert ("ARG", f"VERSION={hemascope.__version__}") in last_stage()
    assert compose()["service"]["image"] == f"hemascope:{hemascope.__version__}"
    named = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text("utf-8"))
    assert named["images"][0]["newTag"] == hemascope.__version__
    assert named["labels"][1]["pairs"] == {"app.kubernetes.io/version": hemascope.__version__}


def test_every_variable_is_one_that_the_service_reads():
    compose_file = (ROOT / "deploy/compose/compose.yaml").read_text("utf-8")
    passed = {*environment(), *compose()["service"]["environment"], *(one["name"] for one in CONTAINER["env"])}
    assert {name for name in passed if name.startswith("HEMASCOPE_")} <= variables()
    own = {"HEMASCOPE_NAME", "HEMASCOPE_TLS", "HEMASCOPE_UPSTREAM", "HEMASCOPE_MODELS"}  # of the compose file and Caddy
    told = set(re.findall(r"HEMASCOPE_[A-Z_]+", compose_file + CADDYFILE.read_text("utf-8")))
    assert told <= variables() | own


def test_all_that_is_copied_is_in_the_context_and_nothing_else():
    allowed = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in allowed
    let_in = {line[1:] for line in allowed if line.startswith("!")}
    copied = {
        name for word, rest in instructions() if word == "COPY" and "--from" not in rest for name in rest.split()[:-1]
    }
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_only_the_extras_of_the_service_are_installed_pinned_and_from_wheels():
    (install,) = [rest for word, rest in instructions() if word == "RUN" and " install" in rest]
    assert '".[serve,fields,slides]"' in install
    assert "--only-binary :all: --no-binary hemascope" in install
    assert any(word == "ENV" and "PIP_CONSTRAINT=/build/constraints.txt" in rest for word, rest in instructions())
    kept = last_stage()
    assert not any("install " in rest and "uninstall" not in rest for word, rest in kept if word == "RUN")
    assert any("pip uninstall" in rest for word, rest in kept if word == "RUN")


def test_nobody_is_root_anywhere():
    assert ("USER", f"{USER}:{USER}") in last_stage()
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["securityContext"]["runAsUser"] == POD["securityContext"]["runAsGroup"] == USER


def test_the_port_is_one():
    port = int(environment()["HEMASCOPE_PORT"])
    assert ("EXPOSE", str(port)) in last_stage()
    assert [one["containerPort"] for one in CONTAINER["ports"]] == [port]
    (listening,) = manifest("Service")["spec"]["ports"]
    assert listening["targetPort"] == CONTAINER["ports"][0]["name"]
    (backend,) = manifest("Ingress")["spec"]["rules"][0]["http"]["paths"]
    assert backend["backend"]["service"]["port"]["name"] == listening["name"]
    assert compose()["proxy"]["environment"]["HEMASCOPE_UPSTREAM"] == f"service:{port}"
    assert "ports" not in compose()["service"]  # only the proxy is reached from outside


def test_probes_ask_routes_that_there_are_under_a_name_that_is_answered():
    routes = create_app(Settings()).openapi()["paths"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = CONTAINER[probe]["httpGet"]
        assert "get" in routes[asked["path"]]
        assert not asked["path"].startswith(("/v1", "/metrics"))  # which want the token
        assert asked["httpHeaders"] == [{"name": "Host", "value": "localhost"}]
    assert CONTAINER["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_the_root_is_read_only_and_no_right_is_left():
    service = compose()["service"]
    assert service["read_only"] is True
    assert service["tmpfs"][0].startswith("/tmp:")
    assert service["cap_drop"] == ["ALL"]
    context = CONTAINER["securityContext"]
    assert context["readOnlyRootFilesystem"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert CONTAINER["volumeMounts"] == [{"name": POD["volumes"][0]["name"], "mountPath": "/tmp"}]
    assert POD["automountServiceAccountToken"] is False
    assert POD["enableServiceLinks"] is False  # a Service hemascope would set HEMASCOPE_PORT


def test_who_ends_the_service_waits_for_what_is_in_flight():
    needed = math.ceil(Settings.seconds) + END_SECONDS
    pause = int(CONTAINER["lifecycle"]["preStop"]["exec"]["command"][1])
    assert POD["terminationGracePeriodSeconds"] > needed + pause
    assert int(compose()["service"]["stop_grace_period"].rstrip("s")) > needed


def test_proxies_let_through_what_the_service_takes():
    annotations = manifest("Ingress")["metadata"]["annotations"]
    caddy = CADDYFILE.read_text("utf-8")
    sizes = [annotations["nginx.ingress.kubernetes.io/proxy-body-size"], re.search(r"max_size (\S+)", caddy)[1]]
    assert all(Settings.max_body < bytes_of(size) < 2 * Settings.max_body for size in sizes)
    waits = [
        annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"],
        re.search(r"response_header_timeout (\d+)s", caddy)[1],
    ]
    assert all(int(wait) > Settings.seconds for wait in waits)


def test_memory_is_enough_for_all_uploads():
    limits = [CONTAINER["resources"]["limits"]["memory"], compose()["service"]["mem_limit"]]
    assert all(bytes_of(limit) > 2 * Settings.memory for limit in limits)


def test_selectors_find_the_pods_and_one_stays_while_a_node_is_emptied():
    (pairs,) = [
        one["pairs"]
        for one in yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text("utf-8"))["labels"]
        if one.get("includeSelectors")
    ]
    for selector in (
        manifest("PodDisruptionBudget")["spec"]["selector"],
        manifest("NetworkPolicy")["spec"]["podSelector"],
        POD["topologySpreadConstraints"][0]["labelSelector"],
    ):
        assert selector["matchLabels"] == pairs
    scale = manifest("HorizontalPodAutoscaler")["spec"]
    assert scale["minReplicas"] > manifest("PodDisruptionBudget")["spec"]["minAvailable"]
    assert scale["scaleTargetRef"]["name"] == manifest("Deployment")["metadata"]["name"]
    assert "replicas" not in manifest("Deployment")["spec"]  # the autoscaler's


@pytest.mark.skipif(not shutil.which("kubectl"), reason="needs kubectl, which builds kustomizations")
def test_kustomize_takes_them():
    built = subprocess.run(["kubectl", "kustomize", KUBERNETES], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    objects = {one["kind"]: one for one in yaml.safe_load_all(built.stdout)}
    assert len(objects) == len(yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text("utf-8"))["resources"])
    pod = objects["Deployment"]["spec"]["template"]
    assert pod["metadata"]["labels"].items() >= objects["Service"]["spec"]["selector"].items()
    assert pod["spec"]["containers"][0]["image"] == f"hemascope:{hemascope.__version__}"


def test_the_command_of_the_image_is_one():
    found = dict(last_stage())
    assert yaml.safe_load(found["ENTRYPOINT"]) == ["hemascope"]
    assert yaml.safe_load(found["CMD"])[0] in commands()


def test_the_health_check_tells_a_live_service_from_none(start, model):  # noqa: F811
    process, port = start("--model", str(model), HEMASCOPE_TOKEN="secret")
    program = health_check()
    environment = {**os.environ, "HEMASCOPE_PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
    assert subprocess.run(program, env=environment, timeout=60, check=False).returncode == 0
    process.kill()
    process.wait()
    ended = subprocess.run(program, env=environment, timeout=60, check=False, capture_output=True)
    assert ended.returncode == 1
