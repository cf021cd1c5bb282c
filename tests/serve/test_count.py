import io
import time

import pytest
from PIL import Image

from hemascope.fields.detector import Detector
from hemascope.serve.count import FIELDS, Counts
from hemascope.serve.problems import ProblemError
from hemascope.serve.schemas import Model
from tests.fields.toy import draw_field, small_field, write_detector
from tests.serve.test_app import form, problem

IMAGE = {"content-type": "image/png"}


@pytest.fixture(scope="session")
def squares(tmp_path_factory):
    return write_detector(tmp_path_factory.mktemp("served") / "squares.onnx")


def png(field=None):
    file = io.BytesIO()
    Image.fromarray(small_field() if field is None else field).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def counter(model, squares):
    from tests.serve.conftest import _client

    with _client(model=str(model), threads=1, detector=str(squares), seconds=200) as client:
        yield client


def test_fields_are_searched_and_add_up(counter):
    files = form(("a.png", png()), ("no.png", b"no picture"), ("b.png", png()))
    response = counter.post("/v1/count", files=files)
    assert response.status_code == 200, response.text
    found = Counts.model_validate(response.json(), strict=True)
    first, bad, _ = found.fields
    assert (first.file, first.width, first.height) == ("a.png", 260, 200)
    assert (first.white, first.red, first.platelet) == (3, 18, 3)
    assert first.red_width == pytest.approx(13, abs=1.5)
    assert (first.scale_from, first.notes, first.error) == ("red cells", [], None)
    assert (bad.cells, bad.error.type) == ([], "urn:hemascope:problem:unreadable-image")
    white = next(cell for cell in first.cells if cell.kind == "white")
    assert white.confidence == max(white.probabilities.values())
    assert set(white.sets) <= {"0.9", "0.99"}
    red = next(cell for cell in first.cells if cell.kind == "red")
    assert (red.label, red.confidence, red.probabilities, red.counted) == (None, None, {}, True)
    assert {cell.label for cell in first.cells if cell.kind == "platelet"} == {"platelet"}
    totals = found.totals
    assert (totals.fields, totals.failed, totals.red) == (3, 1, 2 * first.red)
    assert totals.platelets_per_red == pytest.approx(first.platelet / first.red)
    assert sum(line.value for line in found.differential.classes if line.value is not None) == pytest.approx(100)


def test_cells_cut_on_the_right_are_not_counted(counter):
    squares = [("red", x, 100, 13) for x in range(40, 300, 40)] + [("white", 318, 40, 20), ("white", 2, 40, 20)]
    response = counter.post("/v1/count", content=png(draw_field(200, 320, squares)), headers=IMAGE)
    (field,) = Counts.model_validate(response.json()).fields
    white = {cell.box[0] > 100: (cell.border, cell.counted) for cell in field.cells if cell.kind == "white"}
    assert white == {True: (True, False), False: (True, True)}
    assert field.white == 1


def test_the_card_says_how_cells_are_cut_out(counter, client):
    found = Model.model_validate(counter.get("/v1/model").json())
    assert (found.fields.name, found.fields.framing, found.fields.white_width) == ("squares", 3.0, 1.6)
    assert found.limits.max_field_pixels == 25_000_000


def test_without_a_detector_it_says_so(client_of, monkeypatch, tmp_path):
    from hemascope.fields import detector

    monkeypatch.setattr(detector, "WEIGHTS", tmp_path)
    client = client_of()
    assert client.get("/v1/model").json()["fields"] is None
    assert "--detector" in problem(client.post("/v1/count", content=png(), headers=IMAGE), 404, "no-detector")


def test_bounds(client_of, squares, monkeypatch):
    client = client_of(detector=str(squares), seconds=200, max_field_pixels=60_000, max_pixels=1000)
    assert client.post("/v1/count", content=png(), headers=IMAGE).status_code == 200  # more than an image may have
    large = client.post("/v1/count", content=png(draw_field(400, 320, [])), headers=IMAGE)
    assert problem(large, 422, "unreadable-image") == "320 x 400 pixels are more than 60,000"
    few = client.post("/v1/count", files=form(*[(f"{i}", png()) for i in range(5)]))
    problem(few, 413, "too-many-pixels")
    many = client.post("/v1/count", files=form(*[(f"{i}", b"x") for i in range(FIELDS + 1)]))
    problem(many, 413, "too-many-files")
    problem(client.post("/v1/count", content=b"no picture", headers=IMAGE), 422, "unreadable-image")

    begin = time.monotonic

    def late(self, field, until):  # as if each tile took minutes
        monkeypatch.setattr(time, "monotonic", lambda: begin() + 1000)
        try:
            return find(self, field, until=until)
        finally:
            monkeypatch.setattr(time, "monotonic", begin)

    find = Detector.find
    monkeypatch.setattr(Detector, "find", late)
    assert "longer" in problem(client.post("/v1/count", content=png(), headers=IMAGE), 500, "internal")
    text = client.get("/metrics").text
    assert 'hemascope_fields_total{result="read"} 1.0' in text
    assert 'path="/v1/count"' in text
    assert "hemascope_upload_bytes 0.0" in text


def test_a_full_queue_is_said_before_the_body_is_read(counter, monkeypatch):
    from hemascope.serve.batching import Batcher
    from hemascope.serve.problems import overloaded

    def full(*_) -> ProblemError:
        raise overloaded("64 images are waiting already.")

    monkeypatch.setattr(Batcher, "check", full)
    response = counter.post("/v1/count", content=png(), headers=IMAGE)
    problem(response, 503, "overloaded")
    assert response.headers["retry-after"] == "1"


def test_a_whole_picture_for_browsers_that_cannot_draw_it(counter):
    field = Image.open(io.BytesIO(png(draw_field(200, 900, []))))
    file = io.BytesIO()
    field.save(file, "TIFF")
    response = counter.post("/v1/picture?whole=true", content=file.getvalue(), headers={"content-type": "image/tiff"})
    assert Image.open(io.BytesIO(response.content)).size == (900, 200)
