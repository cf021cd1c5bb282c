"""Which requests are let in: by the host they name, the page they come from, and the token."""

import pytest

from hemascope.serve.schemas import Problem
from tests.predict.pictures import encoded
from tests.serve.requests import begin, received

IMAGE = encoded("basophil")


def refused(response, status, code):
    assert response.status_code == status, response.text
    assert Problem.model_validate(response.json()).type == f"urn:hemascope:problem:{code}"


@pytest.mark.parametrize("path", ["/", "/v1/model", "/healthz", "/metrics", "/openapi.json"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "localhost.evil.example", "10.0.0.1"])
def test_a_name_that_is_not_the_service_s_is_refused(client, path, host):
    refused(client.get(path, headers={"host": host}), 421, "misdirected")
    refused(client.post("/v1/predict", content=IMAGE, headers={"host": host}), 421, "misdirected")


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8000", "127.0.0.1:1", "127.3.2.1", "[::1]:8000", "localhost."]
)
def test_this_machine_s_names_are_the_service_s(client, host):
    assert client.get("/v1/model", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["", " ", "a b", "localhost:x", "me@localhost", "[::1", "localhost/x"])
def test_a_host_that_is_none_is_malformed(client, host):
    refused(client.get("/healthz", headers={"host": host}), 400, "malformed-request")


def test_further_names(client_of):
    client = client_of(names=("Cells.example",))
    assert client.get("/healthz", headers={"host": "cells.example"}).status_code == 200
    refused(client.get("/healthz", headers={"host": "others.example"}), 421, "misdirected")
    own = {"host": "127.0.0.1:8000", "origin": "https://cells.example"}  # a proxy that names the host anew
    assert client.post("/v1/predict", content=IMAGE, headers=own).status_code == 200


def test_a_token_stands_for_a_name(client_of):
    client = client_of(host="0.0.0.0", token="open-sesame")
    right = {"authorization": "Bearer open-sesame", "host": "laboratory:8000", "origin": "http://other.example"}
    assert client.post("/v1/predict", content=IMAGE, headers=right).status_code == 200
    named = client_of(host="0.0.0.0", token="open-sesame", names=("laboratory",))
    assert named.get("/v1/model", headers=right).status_code == 200
    refused(named.get("/v1/model", headers={**right, "host": "evil.example"}), 421, "misdirected")


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/heat", "/v1/picture"])
@pytest.mark.parametrize(
    "sent",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:81"},  # another service of this machine
        {"origin": "http://localhost.evil.example"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://localhost"},
    ],
)
def test_posts_of_other_pages_are_refused(client, path, sent):
    simple = {"content-type": "text/plain", **sent}
    refused(client.post(path, content=IMAGE, headers=simple), 403, "foreign-origin")
    form = client.post(path, files=[("files", ("a.png", IMAGE))], headers=sent)
    refused(form, 403, "foreign-origin")


@pytest.mark.parametrize(
    "sent", [{}, {"origin": "http://localhost"}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}]
)
def test_the_own_page_and_programs_may_post(client, sent):
    assert client.post("/v1/predict", content=IMAGE, headers=sent).status_code == 200


@pytest.mark.parametrize(
    "hosts", ["", "Host: localhost\r\nHost: localhost\r\n", "Host: localhost\r\nHost: evil.example\r\n"]
)
def test_one_host_no_more_no_less(serve, model, hosts):
    answer = received(begin(serve(model), f"GET /v1/model HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"urn:hemascope:problem:malformed-request" in answer
