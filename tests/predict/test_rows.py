import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from hemascope.errors import ModelFileError
from hemascope.predict import rows
from hemascope.predict.card import ModelCard
from hemascope.predict.rows import Layout
from hemascope.predict.stream import Block

LAYOUT = Layout(("a", "b"))
FULL = Layout(("a", "b"), unknown=0.5, set=0.8)
BLOCK = Block(
    ["x, y.png", 'q"\n.png', "caf\udce9.png", "é.png"],
    np.array([[0.1, 0.9], [np.nan, np.nan], [1, 1e-30], [0.7, 0.3]], np.float32),
    ["", "truncated, sorry", "", ""],
)
SEEN = replace(FULL, attributes=("nucleus_shape", "granularity"))
SCORED = replace(BLOCK, unknown=np.array([0.25, np.nan, 0.75, 0.5], np.float32))


def test_csv_gives_the_same_numbers_again():
    file = io.StringIO()
    rows.write_csv_header(file, LAYOUT)
    rows.write_csv(file, BLOCK, LAYOUT)
    file.seek(0)
    header, first, failed, odd, _ = csv.reader(file)
    assert header == ["path", "label", "confidence", "a", "b", "error"]
    assert first == ["x, y.png", "b", "0.9", "0.1", "0.9", ""]
    assert failed == ['q"\n.png', "", "", "", "", "truncated, sorry"]
    assert odd[0] == r"caf\udce9.png"
    assert np.array_equal(np.float32(odd[3:5]), BLOCK.probabilities[2])


def test_csv_has_no_formulas_and_a_row_an_image_whatever_the_names_hold():
    names = ["=1+1.png", "@x.png", "-2+3|cmd.png", "a\rb.png", "'=.png", "b.png"]
    layout = Layout(("=a", "-1"), set=0.9)
    file = io.StringIO(newline="")
    rows.write_csv_header(file, layout)
    rows.write_csv(file, Block(names, np.full((6, 2), 0.5, np.float32), [""] * 5 + ["=bad"]), layout)
    header, *lines = csv.reader(io.StringIO(file.getvalue(), newline=""))
    assert header == ["path", "label", "confidence", "'=a", "-1", "set", "error"]
    assert [line[0] for line in lines] == ["'=1+1.png", "'@x.png", "'-2+3|cmd.png", "a\rb.png", "''=.png", "b.png"]
    assert lines[0][1:] == ["'=a", "0.5", "0.5", "0.5", "'=a|-1", ""]
    assert lines[-1][-1] == "'=bad"
    assert '"a\rb.png"' in file.getvalue()


def test_jsonl_has_null_where_there_is_no_value():
    file = io.StringIO()
    rows.write_jsonl(file, BLOCK, LAYOUT)
    first, failed, _, last = map(json.loads, file.getvalue().splitlines())
    assert first == {"path": "x, y.png", "label": "b", "confidence": 0.9, "a": 0.1, "b": 0.9, "error": None}
    assert list(failed.values()) == ['q"\n.png', None, None, None, None, "truncated, sorry"]
    assert last["path"] == "é.png"


def test_arrow_and_back():
    batch = rows.to_arrow(BLOCK, rows.schema(LAYOUT, {}))
    batch.validate(full=True)
    assert batch.column("label").to_pylist() == ["b", None, "a", "a"]
    assert batch.column("confidence").null_count == batch.column("b").null_count == 1
    assert batch.column("error").to_pylist() == [None, "truncated, sorry", None, None]
    back = rows.from_arrow(batch)
    assert back.paths == ["x, y.png", 'q"\n.png', r"caf\udce9.png", "é.png"]
    assert np.array_equal(back.probabilities, BLOCK.probabilities, equal_nan=True)
    assert back.errors == BLOCK.errors


def test_scores_flags_and_sets_have_their_columns_in_csv():
    file = io.StringIO()
    rows.write_csv_header(file, FULL)
    rows.write_csv(file, SCORED, FULL)
    file.seek(0)
    header, first, failed, odd, last = csv.reader(file)
    assert header == ["path", "label", "confidence", "a", "b", "unknown", "is_unknown", "set", "error"]
    assert first[5:] == ["0.25", "0", "b", ""]
    assert failed[1:] == [""] * 7 + ["truncated, sorry"]
    assert odd[5:] == ["0.75", "1", "", ""]  # probably none of the classes: no set can hold the true one
    assert last[5:] == ["0.5", "0", "a|b", ""]


def test_scores_flags_and_sets_in_json_lines():
    file = io.StringIO()
    rows.write_jsonl(file, SCORED, FULL)
    first, failed, odd, last = map(json.loads, file.getvalue().splitlines())
    assert (first["unknown"], first["is_unknown"], first["set"]) == (0.25, False, "b")
    assert (failed["unknown"], failed["is_unknown"], failed["set"]) == (None, None, None)
    assert (odd["is_unknown"], odd["set"], last["set"]) == (True, None, "a|b")


def test_scores_flags_and_sets_in_arrow_and_back():
    batch = rows.to_arrow(SCORED, rows.schema(FULL, {}))
    batch.validate(full=True)
    assert batch.column("unknown").to_pylist() == [0.25, None, 0.75, 0.5]
    assert batch.column("is_unknown").to_pylist() == [False, None, True, False]
    assert batch.column("set").to_pylist() == ["b", None, None, "a|b"]
    back = rows.from_arrow(batch)
    assert np.array_equal(back.unknown, SCORED.unknown, equal_nan=True)
    assert np.array_equal(back.probabilities, BLOCK.probabilities, equal_nan=True)


def test_what_is_seen_has_its_columns_everywhere_and_is_read_back():
    said = [("unsegmented-round", "no"), ("", ""), ("", ""), ("", "yes")]
    block, words = replace(SCORED, said=said), "round nucleus, no granules"
    file = io.StringIO()
    rows.write_csv_header(file, SEEN)
    rows.write_csv(file, block, SEEN)
    file.seek(0)
    header, first, failed, _, last = csv.reader(file)
    assert header[-5:] == ["set", "appearance", "nucleus_shape", "granularity", "error"]
    assert (first[-4:], failed[-4:]) == ([words, *said[0], ""], ["", "", "", "truncated, sorry"])
    assert last[-4:] == ["", "", "yes", ""]
    first, failed, *_ = rows.as_dicts(block, SEEN)
    assert (first["appearance"], first["granularity"], failed["granularity"]) == (words, "no", None)
    batch = rows.to_arrow(block, rows.schema(SEEN, {}))
    batch.validate(full=True)
    assert batch.column("appearance").to_pylist() == [words, None, None, None]
    assert rows.from_arrow(batch).said == said
    assert Layout.of_columns(header).attributes == SEEN.attributes
    assert Layout.of_columns(header).classes == ("a", "b")


def test_a_block_in_which_all_failed_has_no_scores_but_the_columns():
    block = replace(BLOCK, paths=["x"], probabilities=np.full((1, 2), np.nan, np.float32), errors=["bad"])
    batch = rows.to_arrow(block, rows.schema(FULL, {}))
    assert batch.to_pylist() == [dict.fromkeys(FULL.columns) | {"path": "x", "error": "bad"}]


class Model:
    classes = ("a", "b")
    unknown_threshold = None
    card = ModelCard("m", ("a", "b"), 8, conformal={"levels": [0.9], "masses": [0.4]})


@pytest.mark.parametrize("classes", [("path", "a"), ("a", "error"), ("a", "a")])
def test_classes_named_as_another_column_are_refused(classes):
    with pytest.raises(ModelFileError, match="do not fit"):
        Layout(classes)


def test_a_class_may_be_called_unknown_where_there_is_no_score():
    assert Layout(("unknown", "a")).columns.count("unknown") == 1
    with pytest.raises(ModelFileError, match="do not fit"):
        Layout(("unknown", "a"), unknown=0.5)


def test_of_a_model_it_has_what_the_model_gives():
    assert Layout.of(Model()) == Layout(("a", "b"))
    assert Layout.of(Model(), 0.9).set == 0.4
    with pytest.raises(ModelFileError, match=r"no prediction sets of coverage 0\.5.*one of 0\.9"):
        Layout.of(Model(), 0.5)


@pytest.mark.parametrize("unknown", [None, 0.1])
@pytest.mark.parametrize("least", [None, 0.3])
@pytest.mark.parametrize("attributes", [(), ("size", "granularity")])
def test_it_is_read_back_from_a_schema(unknown, least, attributes):
    layout = Layout(("a", "b"), unknown, least, attributes)
    assert Layout.of_schema(rows.schema(layout, {"other": "key"})) == layout
