import csv
import io
import json

import numpy as np
import pytest

from hemascope.errors import ModelFileError
from hemascope.predict import rows
from hemascope.predict.stream import Block

CLASSES = ("a", "b")
BLOCK = Block(
    ["x, y.png", 'q"\n.png', "caf\udce9.png", "é.png"],
    np.array([[0.1, 0.9], [np.nan, np.nan], [1, 1e-30], [0.7, 0.3]], np.float32),
    ["", "truncated, sorry", "", ""],
)


def test_csv_gives_the_same_numbers_again():
    file = io.StringIO()
    rows.write_csv_header(file, CLASSES)
    rows.write_csv(file, BLOCK, CLASSES)
    file.seek(0)
    header, first, failed, odd, _ = csv.reader(file)
    assert header == ["path", "label", "confidence", "a", "b", "error"]
    assert first == ["x, y.png", "b", "0.9", "0.1", "0.9", ""]
    assert failed == ['q"\n.png', "", "", "", "", "truncated, sorry"]
    assert odd[0] == r"caf\udce9.png"
    assert np.array_equal(np.float32(odd[3:5]), BLOCK.probabilities[2])


def test_jsonl_has_null_where_there_is_no_value():
    file = io.StringIO()
    rows.write_jsonl(file, BLOCK, CLASSES)
    first, failed, _, last = map(json.loads, file.getvalue().splitlines())
    assert first == {"path": "x, y.png", "label": "b", "confidence": 0.9, "a": 0.1, "b": 0.9, "error": None}
    assert list(failed.values()) == ['q"\n.png', None, None, None, None, "truncated, sorry"]
    assert last["path"] == "é.png"


def test_arrow_and_back():
    batch = rows.to_arrow(BLOCK, rows.schema(CLASSES, {}))
    batch.validate(full=True)
    assert batch.column("label").to_pylist() == ["b", None, "a", "a"]
    assert batch.column("confidence").null_count == batch.column("b").null_count == 1
    assert batch.column("error").to_pylist() == [None, "truncated, sorry", None, None]
    back = rows.from_arrow(batch)
    assert back.paths == ["x, y.png", 'q"\n.png', r"caf\udce9.png", "é.png"]
    assert np.array_equal(back.probabilities, BLOCK.probabilities, equal_nan=True)
    assert back.errors == BLOCK.errors


@pytest.mark.parametrize("classes", [("path", "a"), ("a", "error"), ("a", "a")])
def test_classes_named_as_another_column_are_refused(classes):
    with pytest.raises(ModelFileError, match="do not fit"):
        rows.columns(classes)
