"""The examples of the OpenAPI document: they fit its schemas, and the service answers so."""

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest

from hemascope.serve.app import create_app
from hemascope.serve.body import BYTES, FORM
from hemascope.serve.examples import examples
from hemascope.serve.problems import MEDIA_TYPE
from hemascope.serve.settings import Settings

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "service_examples.py"
AGAIN = "the service answers otherwise than its examples say: run scripts/service_examples.py"
PASSING = {"seconds", "created"}
"""Members that differ from time to time."""


@pytest.fixture(scope="module")
def document():
    return create_app(Settings()).openapi()


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("service_examples", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def operation(document, example):
    return document["paths"][example.path][example.method.lower()]


def shown(document):
    """Every example value of the document, with its schema."""
    for operations in document["paths"].values():
        for one in operations.values():
            parts = [*one["responses"].values(), *([one["requestBody"]] if "requestBody" in one else [])]
            for content in [content for part in parts for content in part.get("content", {}).values()]:
                for found in content.get("examples", {}).values():
                    yield content["schema"], found["value"]


def test_they_fit_the_schemas(document):
    found = list(shown(document))
    assert len(found) > len(examples())
    for schema, value in found:
        jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(value)


def test_every_operation_has_one_and_every_json_answer_is_shown(document):
    for path, operations in document["paths"].items():
        for method, one in operations.items():
            assert one["x-codeSamples"], (method, path)
            answer = one["responses"]["200"].get("content", {})
            assert "application/json" not in answer or answer["application/json"]["examples"], (method, path)
            body = one.get("requestBody", {}).get("content", {})
            assert FORM not in body or body[FORM]["examples"], (method, path)


def test_the_document_is_openapi(document):
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(document)


def test_the_token_is_in_the_commands_where_it_is_wanted():
    document = create_app(Settings(token="secret")).openapi()
    wanted = {
        path: "$HEMASCOPE_TOKEN" in sample["source"]
        for path, operations in document["paths"].items()
        for one in operations.values()
        for sample in one["x-codeSamples"]
    }
    assert wanted.pop("/healthz") is wanted.pop("/readyz") is False
    assert all(wanted.values())


def alike(said, told):
    """Whether two answers say the same: numbers within what other processors make of them."""
    if isinstance(told, dict):
        return isinstance(said, dict) and said.keys() == told.keys() and all(
            key in PASSING or alike(said[key], told[key]) for key in told
        )  # fmt: skip
    if isinstance(told, list):
        return isinstance(said, list) and len(said) == len(told) and all(map(alike, said, told))
    if isinstance(told, float):
        return said == pytest.approx(told, rel=0.05, abs=0.1)
    return said == told


def test_alike():
    assert alike({"a": [0.5], "seconds": 1.0}, {"a": [0.52], "seconds": 9.0})
    assert not alike({"a": [0.5]}, {"a": [0.7]})
    assert not alike({"a": "b"}, {"a": "c"})


def test_all_that_is_asked_is_written_down(script):
    assert [example.curl() for example in examples()] == [example.curl() for example in script.REQUESTS]


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_their_commands_get_these_answers(serve, script, tmp_path):
    for name, data in script.samples().items():
        (tmp_path / name).write_bytes(data)
    port = serve(Settings.model, threads=2, seconds=Settings.seconds)
    environment = {**os.environ, "HEMASCOPE_URL": f"http://127.0.0.1:{port}", "no_proxy": "*"}
    for example in examples():
        command = example.curl().replace("curl", "curl -sS -w '\\n%{http_code} %{content_type}'", 1)
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, timeout=100, check=True
        )
        text, _, last = done.stdout.rpartition(b"\n")
        status, kind = last.decode().split(maxsplit=1)
        assert int(status) == example.status, example.curl()
        assert kind.startswith(("text/plain", "image/png", "application/zip", BYTES, MEDIA_TYPE, "application/json"))
        assert example.answer is None or alike(json.loads(text), example.answer), f"{AGAIN}: {example.curl()}"
