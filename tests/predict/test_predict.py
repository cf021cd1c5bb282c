import importlib.util
import os
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import hemascope
from hemascope.errors import HemascopeError, ModelFileError, SourceError, WriteError
from hemascope.predict.alone import alone
from hemascope.predict.predict import predict
from hemascope.predict.run import run
from tests.predict.model import CLASSES, write_model
from tests.predict.pictures import encoded, picture, write_folder
from tests.progress import Told

OUTPUTS = [None, "out.csv", "out.parquet", "out.jsonl"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder with a model that tells unknown objects and sets, and 12 cells of which the last is broken."""
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "m.onnx", unknown=0.37)
    write_folder(tmp_path / "cells", 11)
    (tmp_path / "cells" / "z.png").touch()
    return tmp_path


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_rows_are_the_same_wherever_they_are_kept(here, output):
    found = predict("cells", "m.onnx", output=output, coverage=0.9)
    assert (len(found), found.images, found.failed) == (12, 12, 1)
    assert found.output == (Path(output) if output else None)
    assert sorted(path.name for path in here.iterdir()) == sorted(["cells", "m.onnx", *([output] if output else [])])
    *rows, failed = found.rows()
    assert list(failed) == ["path", "label", "confidence", *CLASSES, "unknown", "is_unknown", "set", "error"]
    assert failed == dict.fromkeys(failed) | {"path": "cells/z.png", "error": "the file is empty"}
    assert [row["label"] for row in rows] == [CLASSES[i % 3] for i in range(11)]
    for row in rows:
        assert row["confidence"] == max(row[name] for name in CLASSES)
        assert row["is_unknown"] is (row["unknown"] > 0.37)
        assert row["set"] is None if row["is_unknown"] else row["label"] in row["set"].split("|")
        assert row["error"] is None
    assert found.counts() == dict(zip(CLASSES, (4, 4, 3), strict=True))


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_table_is_the_same_wherever_the_rows_are(here, output):
    expected = hemascope.load("m.onnx").table("cells", coverage=0.99)
    pd.testing.assert_frame_equal(predict("cells", "m.onnx", output=output, coverage=0.99).table(), expected)
    assert expected["is_unknown"].tolist() == [*(expected["unknown"][:11] > 0.37), None]
    assert expected["error"].isna().tolist() == [True] * 11 + [False]
    assert expected["confidence"].dtype == np.float32


def test_sources_of_several_kinds_in_their_order(here):
    np.savez(here / "n.npz", images=picture("basophil")[None])
    found = predict([Path("n.npz"), "cells/*1.png", "synthetic:8:2"], "m.onnx", threads=1)
    names = [row["path"] for row in found.rows()]
    assert names[:3] == ["n.npz#images/0", "cells/cell_00001.png", "synthetic://2#0"]
    assert len(names) == 10


def test_a_finished_table_is_a_source_again(here):
    for output in ("out.csv", "out.parquet"):
        expected = list(predict("cells", "m.onnx", output=output).rows())
        again = list(predict(output, "m.onnx").rows())
        assert [row["path"] for row in again] == [row["path"] for row in expected]
        assert [row["label"] for row in again] == [row["label"] for row in expected]


@pytest.mark.skipif(os.name == "nt", reason="names of POSIX")
def test_names_that_are_formulas_or_hold_line_ends_come_back_as_they_were(here):
    names = ["'=1.png", "+1-1.png", "=1+1.png", "@x.png", "a\nb.png", "a\r\nb.png", "a\rb.png"]
    (here / "odd").mkdir()
    for name in names:
        (here / "odd" / name).write_bytes(encoded("basophil"))
    os.chdir(here / "odd")
    expected = [row["path"] for row in predict("*.png", "../m.onnx").rows()]
    assert expected == names
    found = predict("*.png", "../m.onnx", output="out.csv")
    assert [row["path"] for row in found.rows()] == found.table()["path"].tolist() == names
    assert not {line[:1] for line in Path("out.csv").read_text("utf-8").splitlines()[1:]} & set("=+-@")
    assert predict("*.png", "../m.onnx", output="out.csv", resume=True).images == len(names)
    assert [row["path"] for row in predict("out.csv", "../m.onnx").rows()] == names
    assert {row["error"] for row in predict("out.csv", "../m.onnx").rows()} == {None}


def test_an_output_is_resumed_or_replaced_only_when_asked(here):
    predict("cells", "m.onnx", output="out.csv")
    with pytest.raises(SourceError, match="exists already"):
        predict("cells", "m.onnx", output="out.csv")
    again = predict("cells", "m.onnx", output="out.csv", resume=True)
    assert (again.images, again.failed) == (12, 1)
    assert again.counts()["basophil"] == 3
    assert predict("cells/*1.png", "m.onnx", output="out.csv", overwrite=True).images == 1
    with pytest.raises(SourceError, match="need an output"):
        predict("cells", "m.onnx", resume=True)


def test_while_another_run_is_at_it_an_output_is_left_alone(here):
    with alone(here / "out.csv"):
        (here / "out.csv.partial").write_bytes(b"that of the other run")
        for way in ({}, {"resume": True}, {"overwrite": True}):
            with pytest.raises(SourceError, match="another hemascope predict"):
                predict("cells", "m.onnx", output="out.csv", **way)
        predict("cells", "m.onnx", output="other.csv")
    assert (here / "out.csv.partial").read_bytes() == b"that of the other run"
    with pytest.raises(SourceError, match="an interrupted run left this"):
        predict("cells", "m.onnx", output="out.csv")


def test_what_a_killed_run_left_is_gone_after_the_next_and_all_else_is_there(here):
    left = [".out-abcd_123.tmp.csv", ".out.csv.lock"]
    kept = [".out-of-abcd_123.tmp.csv", ".out-notes.csv", "out-2.csv"]
    for name in left + kept:
        (here / name).write_text("")
    predict("cells", "m.onnx", output="out.csv")
    assert sorted(path.name for path in here.glob("*out*")) == sorted([*kept, "out.csv"])


def test_where_nothing_can_be_written_is_said(here):
    with pytest.raises(WriteError, match=r"cells/z\.png/out\.csv: cannot be written \(.*\)\. Name another place"):
        predict("cells", "m.onnx", output="cells/z.png/out.csv")


def test_another_file_is_no_finished_table(here):
    (here / "out.parquet").write_bytes(b"precious")
    with pytest.raises(SourceError, match="not a table of predictions"):
        predict("cells", "m.onnx", output="out.parquet", resume=True)


class Stopper:
    """Stops a run at its first results."""

    def __init__(self):
        self.stop = threading.Event()

    def begin(self, layout, before):
        pass

    def add(self, block):
        self.stop.set()


def test_a_damaged_journal_gives_the_same_table_and_says_what_is_done_again(here):
    write_folder(here / "cells", 100)
    expected = list(predict("cells", "m.onnx").rows())
    stopper, journal = Stopper(), here / "out.csv.partial"
    assert not run(["cells"], "m.onnx", watcher=stopper, output=Path("out.csv"), stop=stopper.stop, batch=8).complete
    data = bytearray(journal.read_bytes())
    data[-700] ^= 1
    journal.write_bytes(data)
    seen = Told()
    assert predict("cells", "m.onnx", output="out.csv", resume=True, progress=seen).images == 101
    assert [dict(row) for row in predict("cells", "m.onnx", output="out.csv", resume=True).rows()] == expected
    assert "are not as they were written: images from the" in seen.lines[0]


def test_rows_that_vanish_under_a_run_leave_no_output(here):
    class Truncating(Stopper):
        def add(self, block):
            os.truncate(here / "out.csv.partial", (here / "out.csv.partial").stat().st_size - 1)

    with pytest.raises(SourceError, match="whole rows of the 12 that were written"):
        run(["cells"], "m.onnx", watcher=Truncating(), output=Path("out.csv"))
    assert [path.name for path in here.glob("out*")] == ["out.csv.partial"]
    assert predict("cells", "m.onnx", output="out.csv", resume=True).images == 12


def test_progress_says_how_far_it_is(here):
    seen = Told()
    predict("cells", "m.onnx", progress=seen)
    assert [name for name, _ in seen.steps] == ["classifying"]
    assert seen.counts == sorted(seen.counts)
    assert seen.counts[-1] == 12


@pytest.mark.parametrize(
    ("source", "options", "error"),
    [
        ("gone", {}, SourceError),
        ("cells/*.gif", {}, SourceError),
        ("n.csv", {}, SourceError),
        ("empty", {}, SourceError),
        ("cells", {"model": "nosuch"}, ModelFileError),
        ("cells", {"coverage": 0.5}, ModelFileError),
        ("cells", {"output": "out.xlsx"}, SourceError),
    ],
)
def test_what_is_refused_before_anything_is_written(here, source, options, error):
    (here / "empty").mkdir()
    (here / "n.csv").write_text("label\na\n")
    with pytest.raises(error):
        predict(source, **{"model": "m.onnx", **options})
    assert not list(here.glob("out*"))


def test_without_pandas_there_are_rows_and_the_error_says_what_to_install(here, monkeypatch):
    from hemascope.predict import dataframe

    def missing(name, package=None):
        return None if name == "pandas" else importlib.util.find_spec(name, package)

    monkeypatch.setattr(dataframe, "find_spec", missing)
    found = predict("cells", "m.onnx")
    assert len(list(found.rows())) == 12
    for ask in (found.table, lambda: hemascope.load("m.onnx").table("cells")):
        with pytest.raises(HemascopeError, match=r"pandas.*hemascope\[audit\]"):
            ask()


def test_it_draws_itself(here):
    drawn = predict("cells", "m.onnx")._repr_html_()
    assert "12 images, 1 failed" in drawn
    assert drawn.count("<tr>") == len(CLASSES)
    assert ">Basophil<" in drawn


def test_what_is_left_out_of_a_file_is_told_with_its_name(here):
    frames = [Image.fromarray(picture(name)) for name in CLASSES[:2]]
    frames[0].save(here / "cells" / "a.gif", save_all=True, append_images=frames[1:])
    frames[0].save(here / "pages.tif", save_all=True, append_images=frames[1:])
    found = predict(["cells", "pages.tif"], "m.onnx")
    assert found.left_out == {
        "cells/a.gif": "its first frame is read, the others are left out",
        "pages.tif": "its first page is read, the others are left out",
    }


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_differential_is_the_same_wherever_the_rows_are(here, output):
    found = predict("cells", "m.onnx", output=output, differential=True, precision=2)
    flagged = {row["label"] for row in found.rows() if row["is_unknown"]}
    counted = found.differential
    assert {line.name: line.cells for line in counted.lines} == {
        name: 0 if name in flagged else count for name, count in found.counts().items()
    }
    assert (counted.unknown, counted.failed) == (sum(found.counts()[name] for name in flagged), 1)
    assert counted.unknown > 0
    assert counted.precision == 2
    assert (here / "differential.csv").exists() == (output is not None)
    assert "Differential of" in found._repr_html_()


def test_a_resumed_run_counts_all_images(here):
    stop = threading.Event()

    class Watcher:
        def begin(self, layout, before):
            pass

        def add(self, block):
            stop.set()

    write_folder(here / "many", 200)
    first = run(["many"], "m.onnx", watcher=Watcher(), output=Path("out.csv"), differential=True, threads=1, stop=stop)
    assert not first.complete
    assert first.differential is None
    for before in (first.images, 200):  # what is interrupted, and what is finished
        outcome = run(["many"], "m.onnx", watcher=Watcher(), output=Path("out.csv"), differential=True, resume=True)
        assert outcome.before == before
        assert sum(line.cells for line in outcome.differential.lines) + outcome.differential.unknown == 200


def test_what_cannot_be_counted_is_refused_before_any_work(here):
    with pytest.raises(SourceError, match="a precision is wanted of no differential"):
        predict("cells", "m.onnx", precision=2)
    with pytest.raises(HemascopeError, match="a precision of 0 percentage points cannot be had"):
        predict("cells", "m.onnx", differential=True, precision=0)
    with pytest.raises(SourceError, match="is the name of the differential beside it"):
        predict("cells", "m.onnx", output="differential.csv", differential=True)
    Path("differential.csv").write_text("of another run", encoding="utf-8")
    with pytest.raises(SourceError, match=r"differential\.csv: exists already"):
        predict("cells", "m.onnx", output="out.csv", differential=True)
    assert not Path("out.csv").exists()
    predict("cells", "m.onnx", output="out.csv", differential=True, overwrite=True)
    assert Path("differential.csv").read_text(encoding="utf-8").startswith("class,unit,cells")
