import json

import pytest

from hemascope import load
from hemascope.serve.batching import Batcher
from hemascope.serve.problems import overloaded
from hemascope.serve.schemas import Model, Predictions, Problem
from tests.predict.model import CLASSES
from tests.predict.pictures import encoded, picture


def form(*files):
    return [("files", file) for file in files]


def problem(response, status, code):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found = Problem.model_validate(response.json())
    assert found.status == status
    assert found.type == f"urn:hemascope:problem:{code}"
    return found.detail


def test_one_image_as_bytes(client, model):
    response = client.post("/v1/predict", content=encoded("lymphocyte"), headers={"content-type": "image/png"})
    assert response.status_code == 200
    found = Predictions.model_validate(response.json(), strict=True)
    (answer,) = found.predictions
    assert (answer.file, answer.label, answer.error) == (None, "lymphocyte", None)
    expected = load(model)(picture("lymphocyte"))
    assert answer.probabilities == pytest.approx(expected.probabilities, abs=1e-6)
    assert answer.confidence == pytest.approx(expected.confidence, abs=1e-6)
    assert answer.attributes == {"nucleus_shape": "unsegmented-round", "granularity": "no"}
    assert answer.appearance == "round nucleus, no granules"
    assert found.model.sha256 == load(model).digest
    assert response.json()["unlike"] is None


def test_every_file_of_a_form_has_its_own_answer_in_order(client):
    labels = [CLASSES[i % 3] for i in range(40)]
    files = [(f"{i}.png", encoded(label, 8 + i % 3)) for i, label in enumerate(labels)]
    files[7] = ("bad é.jpg", b"no picture")
    files[8] = ("empty.png", b"")
    response = client.post("/v1/predict", files=form(*files))
    assert response.status_code == 200
    found = Predictions.model_validate(response.json(), strict=True).predictions
    assert [answer.file for answer in found] == [name for name, _ in files]
    for i, answer in enumerate(found):
        if i in (7, 8):
            assert answer.label is None
            assert (answer.error.status, answer.error.type) == (422, "urn:hemascope:problem:unreadable-image")
        else:
            assert (answer.label, answer.error) == (labels[i], None)
    assert found[8].error.detail == "the file is empty"


def test_an_unreadable_image_alone_is_a_problem(client):
    response = client.post("/v1/predict", content=b"no picture", headers={"content-type": "image/png"})
    assert problem(response, 422, "unreadable-image") == "not a picture of a known format"


def test_what_is_no_image_is_refused(client):
    post = client.post
    problem(
        post("/v1/predict", content=b"{}", headers={"content-type": "application/json"}), 415, "unsupported-media-type"
    )
    problem(post("/v1/predict", content=b"", headers={"content-type": "image/png"}), 422, "no-image")
    problem(
        post("/v1/predict", content=b"x", headers={"content-type": "multipart/form-data"}), 400, "malformed-request"
    )
    problem(post("/v1/predict", files=[("image", ("a.png", b"x"))]), 422, "no-image")


def test_the_frameworks_own_errors_are_problems(client):
    problem(client.get("/nothing"), 404, "not-found")
    response = client.get("/v1/predict")
    problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "POST"


def test_the_card(client, model):
    found = Model.model_validate(client.get("/v1/model").json())
    assert found.card.classes == list(CLASSES)
    assert found.card.limits == "for tests only"
    assert found.sha256 == load(model).digest
    assert found.limits.max_files == 256


def test_health(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}


def test_a_full_queue_is_not_ready(client, monkeypatch):
    def full(*_):
        raise overloaded("1 image is waiting already.")

    monkeypatch.setattr(Batcher, "check", full)
    response = client.get("/readyz")
    problem(response, 503, "not-ready")
    assert response.headers["retry-after"] == "1"
    assert client.get("/healthz").status_code == 200


def test_metrics(client_of):
    client = client_of()
    client.post("/v1/predict", files=form(("a", encoded("basophil")), ("b", b"bad")))
    client.get("/secret-name")
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = response.text
    assert 'hemascope_requests_total{path="/v1/predict",status="200"} 1.0' in text
    assert 'hemascope_requests_total{path="other",status="404"} 1.0' in text
    assert 'hemascope_images_total{label="basophil"} 1.0' in text
    assert 'hemascope_images_total{label="failed"} 1.0' in text
    assert "hemascope_batch_images_sum 2.0" in text
    assert "hemascope_upload_bytes 0.0" in text
    assert "process_resident_memory_bytes" in text
    assert "secret" not in text


@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/v1/model"])
def test_security_headers_everywhere_and_no_cors(client, path):
    headers = client.get(path, headers={"origin": "https://elsewhere.example"}).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "img-src 'self' blob: data:" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert not any(name.startswith("access-control") for name in headers)
    assert ("cache-control" in headers) == path.startswith("/v1")


def test_a_token_is_asked_for(client_of):
    client = client_of(host="0.0.0.0", token="open-sesame")
    for path in ("/v1/model", "/metrics", "/v1/nothing"):
        for given in ({}, {"authorization": "Bearer open"}, {"authorization": "open-sesame"}):
            response = client.get(path, headers=given)
            problem(response, 401, "unauthorized")
            assert response.headers["www-authenticate"] == "Bearer"
    problem(client.post("/v1/predict", content=b"x"), 401, "unauthorized")
    right = {"authorization": "Bearer open-sesame"}
    assert client.get("/v1/model", headers=right).status_code == 200
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
    document = client.get("/openapi.json").json()
    assert document["paths"]["/v1/predict"]["post"]["security"] == [{"token": []}]
    assert "open-sesame" not in json.dumps(document)


def test_limits(client_of):
    client = client_of(max_body=5000, max_files=3, max_pixels=100)
    image = {"content-type": "image/png"}
    problem(client.post("/v1/predict", content=b"x" * 5001, headers=image), 413, "body-too-large")
    chunks = (b"x" * 1000 for _ in range(6))  # no length announced
    problem(client.post("/v1/predict", content=chunks, headers=image), 413, "body-too-large")
    many = form(*[(str(i), encoded("basophil")) for i in range(4)])
    problem(client.post("/v1/predict", files=many), 413, "too-many-files")
    assert client.post("/v1/predict", files=many[:3]).status_code == 200
    detail = problem(
        client.post("/v1/predict", content=encoded("basophil", 11, 10), headers=image), 422, "unreadable-image"
    )
    assert detail == "10 x 11 pixels are more than 100"
    assert client.post("/v1/predict", content=encoded("basophil", 10, 10), headers=image).status_code == 200
    assert "hemascope_upload_bytes 0.0" in client.get("/metrics").text


def test_limits_are_stated(client_of):
    client = client_of(max_body=5001, max_files=17, max_pixels=1234)
    document = client.get("/openapi.json").json()
    body = document["paths"]["/v1/predict"]["post"]["requestBody"]
    assert all(limit in body["description"] for limit in ("5,001", "17", "1,234"))
    assert body["content"]["multipart/form-data"]["schema"]["properties"]["files"]["maxItems"] == 17
    assert client.get("/v1/model").json()["limits"]["max_pixels"] == 1234


def test_a_failure_of_the_network_names_its_place_only(client_of, monkeypatch, caplog):
    from hemascope.serve import network

    client = client_of()
    monkeypatch.setattr(network, "decode", lambda *_, **__: 1 / 0)
    problem(client.post("/v1/predict", content=b"private"), 500, "internal")
    assert "ZeroDivisionError in " in caplog.text
    assert "private" not in caplog.text
    assert "division by" not in caplog.text


def test_the_page_is_served_where_there_is_one(client_of, tmp_path, monkeypatch):
    from hemascope.serve import app

    assert client_of().get("/").status_code in (200, 404)
    (tmp_path / "index.html").write_text("<p>cells</p>")
    (tmp_path / "page.js").write_text("1")
    monkeypatch.setattr(app, "PAGE", tmp_path)
    client = client_of(token="open-sesame")
    assert client.get("/").text == "<p>cells</p>"
    assert client.get("/page.js").headers["content-type"].startswith("text/javascript")
    assert "script-src 'self'" in client.get("/").headers["content-security-policy"]
    problem(client.get("/../settings.py"), 404, "not-found")
    assert client.get("/healthz").json() == {"status": "ok"}
