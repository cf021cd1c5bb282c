import io

from PIL import Image

from hemascope.cells import CELLS
from hemascope.serve.classes import class_table
from hemascope.serve.heat import Heat
from tests.predict.hostile import not_of_black
from tests.predict.model import CLASSES
from tests.predict.pictures import encoded
from tests.serve.test_app import form, problem


def test_the_map_of_the_most_probable_class_and_of_another(client):
    image = {"content": encoded("basophil"), "headers": {"content-type": "image/png"}}
    found = Heat.model_validate(client.post("/v1/heat", **image).json(), strict=True)
    assert found.label == "basophil"
    assert len(found.grid) == len(found.grid[0]) == 32
    other = Heat.model_validate(client.post("/v1/heat?label=eosinophil", **image).json(), strict=True)
    assert other.label == "eosinophil"
    assert other.probability < found.probability


def test_wrong_requests(client):
    image = {"content-type": "image/png"}
    detail = problem(
        client.post("/v1/heat?label=blast", content=encoded("basophil"), headers=image), 422, "unknown-class"
    )
    assert "basophil" in detail
    problem(client.post("/v1/heat", content=b"no picture", headers=image), 422, "unreadable-image")
    two = form(("a", encoded("basophil")), ("b", encoded("basophil")))
    problem(client.post("/v1/heat", files=two), 413, "too-many-files")
    assert "hemascope_upload_bytes 0.0" in client.get("/metrics").text


def test_classes_have_titles_and_colours(client):
    found = client.get("/v1/classes").json()["classes"]
    assert [cell["name"] for cell in found] == list(CLASSES)
    assert found[0]["title"] == "Eosinophil"


def test_leucocytes_alone_are_the_differential():
    found = {cell.name: cell for cell in class_table(tuple(cell.name for cell in CELLS)).classes}
    assert [cell.colour for cell in found.values()] == [cell.colour for cell in CELLS]
    others = {name: cell.counted for name, cell in found.items() if cell.counted != "differential"}
    assert others == {"erythroblast": "per_hundred", "platelet": "apart"}


def test_a_network_that_gives_no_probabilities_is_said(client_of, tmp_path):
    client = client_of(model=str(not_of_black(tmp_path / "m.onnx")))
    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, "PNG")
    black = {"content": file.getvalue(), "headers": {"content-type": "image/png"}}
    for path in ("/v1/heat", "/v1/predict"):
        assert "the network gave no finite probabilities" in problem(client.post(path, **black), 500, "internal")
