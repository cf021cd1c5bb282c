"""The OpenAPI document holds: requests made from it, right and wrong ones, get what it promises."""

import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from hemascope.serve.app import create_app
from hemascope.serve.settings import Settings
from tests.predict.model import write_model

# No check that requests which fit the schema are accepted: which bytes are an image is more than a schema can say.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    ignored_auth,
]
TOKEN = "open-sesame"


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    model = write_model(tmp_path_factory.mktemp("contract") / "model.onnx")
    app = create_app(Settings(model=str(model), threads=1, token=TOKEN))
    return schemathesis.openapi.from_asgi("/openapi.json", app)


OPERATIONS = [
    ("/v1/predict", "POST"),
    ("/v1/count", "POST"),
    ("/v1/model", "GET"),
    ("/v1/classes", "GET"),
    ("/v1/differential", "GET"),
    ("/v1/heat", "POST"),
    ("/v1/picture", "POST"),
    ("/v1/fit", "POST"),
    ("/v1/fitted", "POST"),
    ("/v1/teach", "POST"),
    ("/v1/taught", "POST"),
    ("/v1/samples", "GET"),
    ("/healthz", "GET"),
    ("/readyz", "GET"),
    ("/metrics", "GET"),
]


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_responses_are_as_documented(document, path, method, mode):
    operation = document[path][method]
    assert len(OPERATIONS) == len(list(document.get_all_operations()))

    @settings(max_examples=30 if method == "POST" else 5, deadline=None, derandomize=True, database=None)
    @given(operation.as_strategy(generation_mode=mode))
    def check(case):
        case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}"}, checks=CHECKS)

    try:
        check()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # what has no parameters cannot be called wrongly
