"""What the files of the container and of its deployments say, read as data."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
CADDYFILE = ROOT / "deploy" / "compose" / "Caddyfile"


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, in their order: the word and what follows it, on one line."""
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", "")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def last_stage() -> list[tuple[str, str]]:
    """Those that make the image that is kept."""
    found = instructions()
    return found[max(place for place, (word, _) in enumerate(found) if word == "FROM") :]


def environment() -> dict[str, str]:
    """The variables that the image sets."""
    return dict(pair.split("=", 1) for word, rest in last_stage() if word == "ENV" for pair in rest.split())


def health_check() -> list[str]:
    """The command by which Docker asks whether the service is well."""
    return json.loads(next(rest for word, rest in last_stage() if word == "HEALTHCHECK").partition(" CMD ")[2])


def compose() -> dict[str, Any]:
    """The services of the compose file."""
    return yaml.safe_load((ROOT / "deploy" / "compose" / "compose.yaml").read_text("utf-8"))["services"]


def manifest(kind: str) -> dict[str, Any]:
    """The one object of a kind among the manifests that kustomization.yaml names."""
    named = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text("utf-8"))["resources"]
    objects = [yaml.safe_load((KUBERNETES / name).read_text("utf-8")) for name in named]
    (found,) = [one for one in objects if one["kind"] == kind]
    return found


def bytes_of(quantity: str) -> int:
    """Bytes of a size as Kubernetes, Docker, Caddy and nginx write it.

    >>> bytes_of("2Gi"), bytes_of("65MiB"), bytes_of("64m")
    (2147483648, 68157440, 67108864)
    """
    number, unit = re.fullmatch(r"(\d+)([kmg]?)(?:ib|i|b)?", quantity.lower()).groups()  # type: ignore[union-attr]
    return int(number) << {"": 0, "k": 10, "m": 20, "g": 30}[unit]
