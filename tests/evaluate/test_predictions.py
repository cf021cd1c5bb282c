import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.data.manifest import Manifest
from hemascope.errors import RunError
from hemascope.evaluate.predictions import Predictions, check_classes, confident_mistakes

from .conftest import predictions_for


def three() -> Predictions:
    rows = Manifest.build(
        ["a.png", "b.png", "c.tar"],
        ["x", "", "other"],
        ["x", "y"],
        members=["", "", "7.png"],
        splits=["val", "", "val"],
    )
    return Predictions.build(rows, np.array([[2.0, 0.0], [0.0, 2.0], [1.0, 0.0]]), temperature=2.0)


def test_columns_and_values():
    table = three().table
    columns = ["path", "member", "split", "true", "label", "confidence", "x", "y", "logit_x", "logit_y"]
    assert list(table.columns) == columns
    assert list(table["label"]) == ["x", "y", "x"]
    assert list(table["split"]) == ["val", "all", "val"]
    assert table["x"].iloc[0] == pytest.approx(1 / (1 + np.exp(-1)))  # (2 - 0) / 2
    assert table["confidence"].iloc[1] == pytest.approx(table["y"].iloc[1])
    assert list(table["logit_x"]) == [2.0, 0.0, 1.0]


def test_unlabelled_and_foreign_labels_have_no_target():
    assert three().targets.tolist() == [0, -1, -1]
    assert three().table["true"].tolist() == ["x", "", "other"]


def test_what_is_confused_is_told_of_labelled_images():
    assert three().confusion("cells of val") == {
        "counts": [[1, 0], [0, 0]], "flagged": [0, 0], "images": 1, "method": "cells of val",
    }  # fmt: skip


def test_of_split():
    val = three().of("val")
    assert val.table["path"].tolist() == ["a.png", "c.tar"]
    assert val.temperature == 2.0
    assert three().splits == ("val", "all")


def test_written_and_read_is_the_same(tmp_path):
    before = predictions_for(50, temperature=1.7)
    before.write(tmp_path / "p.parquet")
    after = Predictions.read(tmp_path / "p.parquet")
    assert after.classes == before.classes
    assert after.temperature == 1.7
    assert after.table.equals(before.table)
    assert [file.name for file in tmp_path.iterdir()] == ["p.parquet"]


def test_no_image_at_all(tmp_path):
    empty = Predictions.build(Manifest.build([], [], ["x", "y"]), np.zeros((0, 2)))
    empty.write(tmp_path / "p.parquet")
    assert Predictions.read(tmp_path / "p.parquet").probabilities.shape == (0, 2)


@given(temperature=st.floats(0.05, 20), seed=st.integers(0, 100))
def test_temperature_never_changes_the_class(temperature, seed):
    before = predictions_for(40, margin=1.0, seed=seed)
    after = before.with_temperature(temperature)
    assert after.table["label"].equals(before.table["label"])
    assert (after.probabilities.argmax(axis=1) == before.predicted).all()
    assert np.allclose(after.probabilities.sum(axis=1), 1)
    assert np.array_equal(after.logits, before.logits)


def test_logits_that_are_not_finite_are_named():
    rows = Manifest.build(["a.png", "b.png"], ["x", "y"], ["x", "y"])
    with pytest.raises(RunError, match=r"b\.png.*not finite.*learning rate"):
        Predictions.build(rows, np.array([[0.0, 1.0], [np.nan, 0.0]]))


def test_logits_of_another_shape():
    with pytest.raises(RunError, match=r"\(2, 3\) do not fit 1 images of 2 classes"):
        Predictions.build(Manifest.build(["a"], ["x"], ["x", "y"]), np.zeros((2, 3)))


@pytest.mark.parametrize("classes", [["x", "label"], ["x", "x"], ["x", "logit_x"], ["x", ""], ["a\nb", "x"]])
def test_class_names_that_cannot_be_columns(classes):
    with pytest.raises(RunError, match="cannot be named"):
        check_classes(classes)


def test_a_file_that_is_absent_broken_foreign_newer_or_incomplete(tmp_path):
    path = tmp_path / "p.parquet"
    with pytest.raises(RunError, match="there is no predictions table"):
        Predictions.read(path)
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(RunError, match="not a readable Parquet file"):
        Predictions.read(path)
    three().write(path)
    path.write_bytes(path.read_bytes().replace(b"logit_", b"\x80ogit_"))
    with pytest.raises(RunError, match="not a readable Parquet file"):
        Predictions.read(path)
    pq.write_table(pa.table({"path": ["a"]}), path)
    with pytest.raises(RunError, match="not a predictions table"):
        Predictions.read(path)
    three().write(path)
    table = pq.read_table(path)
    about = dict(table.schema.metadata)
    pq.write_table(table.replace_schema_metadata({**about, b"hemascope.format_version": b"9"}), path)
    with pytest.raises(RunError, match="format 9 are not known"):
        Predictions.read(path)
    pq.write_table(table.drop_columns(["logit_y"]).replace_schema_metadata(about), path)
    with pytest.raises(RunError, match="lacks the columns logit_y"):
        Predictions.read(path)


def test_only_the_wrong_ones_of_the_split_surest_first():
    rows = Manifest.build(
        ["right", "sure", "unsure", "train", "unlabelled", "foreign", "also_sure"],
        ["x", "x", "x", "x", "", "other", "x"],
        ["x", "y"],
        splits=["val", "val", "val", "train", "val", "val", "val"],
    )
    logits = np.array([[9, 0], [0, 5], [0, 1], [0, 9], [0, 9], [0, 9], [0, 5]], float)
    found = confident_mistakes(Predictions.build(rows, logits), "val")
    assert found["path"].tolist() == ["also_sure", "sure", "unsure"]
    assert found.index.tolist() == [6, 1, 2]
    assert confident_mistakes(Predictions.build(rows, logits), "val", most=1)["path"].tolist() == ["also_sure"]
