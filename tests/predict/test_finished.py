import shutil

import pytest

from hemascope.errors import HemascopeError, ModelFileError, SourceError
from hemascope.predict import finished
from hemascope.predict.predict import predict
from tests.predict.model import write_model
from tests.predict.pictures import write_folder

OUTPUTS = ["out.csv", "out.parquet", "out.jsonl"]


@pytest.fixture(params=OUTPUTS)
def output(request, tmp_path, monkeypatch):
    """A finished output of 12 cells, of which the last is broken."""
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "m.onnx", unknown=0.37)
    write_folder(tmp_path / "cells", 11)
    (tmp_path / "cells" / "z.png").touch()
    predict("cells", "m.onnx", output=request.param, coverage=0.9)
    return tmp_path / request.param


def again(output, source="cells", model="m.onnx", coverage=0.9):
    return predict(source, model, output=output.name, coverage=coverage, resume=True)


def test_the_same_images_and_model_are_complete_already(output, monkeypatch):
    before = output.read_bytes()
    assert (again(output).images, again(output).failed) == (12, 1)
    monkeypatch.setattr(finished, "_JUDGED", 4)  # a part of them
    assert again(output).images == 12
    assert output.read_bytes() == before


def test_an_image_more_or_less_or_of_another_name_is_refused(output, tmp_path):
    cells = tmp_path / "cells"
    shutil.copy(cells / "cell_00003.png", cells / "zz.png")
    with pytest.raises(SourceError, match=r"cells/zz\.png is where nothing was.*--overwrite"):
        again(output)
    (cells / "zz.png").rename(cells / "cell_00003x.png")
    with pytest.raises(SourceError, match=r"cells/cell_00003x\.png is where cells/cell_00004\.png was"):
        again(output)
    (cells / "cell_00003x.png").unlink()
    (cells / "z.png").unlink()
    with pytest.raises(SourceError, match=r"nothing is where cells/z\.png was"):
        again(output)


def test_another_model_is_refused(output, tmp_path):
    write_model(tmp_path / "other.onnx", sharpness=7, unknown=0.37)
    with pytest.raises(ModelFileError, match=r"not made with other\.onnx"):
        again(output, model="other.onnx")


def test_pictures_that_have_changed_are_refused(output, tmp_path):
    shutil.copy(tmp_path / "cells" / "cell_00001.png", tmp_path / "cells" / "cell_00000.png")
    with pytest.raises(ModelFileError, match=r"pictures that have changed: cells/cell_00000\.png has label eosinophil"):
        again(output)


def test_another_coverage_is_refused(output):
    with pytest.raises(SourceError, match=r"has the columns .*set, error; this run's are .*is_unknown, error"):
        again(output, coverage=None)
    with pytest.raises(ModelFileError, match="has set"):
        again(output, coverage=0.99)


def test_a_foreign_table_is_refused(output):
    if output.suffix == ".csv":
        output.write_text("path,label,error\ncells/cell_00000.png,monocyte,\n")
    elif output.suffix == ".jsonl":
        output.write_text('{"path": "cells/cell_00000.png", "label": "monocyte", "error": null}\n')
    else:
        output.write_bytes(output.read_bytes()[:-5])
    before = output.read_bytes()
    with pytest.raises(SourceError, match=r"has the columns path, label, error|not a table"):
        again(output)
    assert output.read_bytes() == before


def test_a_table_that_was_cut_is_refused(output):
    data = output.read_bytes()
    for share in (0.3, 0.6, 0.9):
        output.write_bytes(data[: int(share * len(data))])
        with pytest.raises(HemascopeError):
            again(output)
