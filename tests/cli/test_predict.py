import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from hemascope.cli import main
from tests.predict.model import CLASSES, write_model
from tests.predict.pictures import encoded, picture, write_folder, write_tar

COLUMNS = ["path", "label", "confidence", *CLASSES, "error"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(write_model(tmp_path_factory.mktemp("model") / "m.onnx"))


@pytest.fixture
def predict(tmp_path, monkeypatch, model):
    """Runs `hemascope predict` in an empty folder; gives the exit code."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, model=model):
        with pytest.raises(SystemExit) as end:
            main(["predict", *map(str, arguments), "--model", model])
        return end.value.code

    return run


def read(path):
    """The table as dicts; "" where there is no value."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".jsonl":
        found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    else:
        found = pq.read_table(path).to_pylist()
    return [{key: "" if value is None else value for key, value in row.items()} for row in found]


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.jsonl"])
def test_a_table_has_a_row_an_image_in_order(predict, tmp_path, name):
    expected = write_folder(tmp_path / "cells", 150, sizes=((8, 8), (5, 9), (12, 12)))
    assert predict(tmp_path / "cells", "-o", name) == 0
    table = read(tmp_path / name)
    assert list(table[0]) == COLUMNS
    assert {row["path"]: row["label"] for row in table} == expected
    assert [row["path"] for row in table] == list(expected)
    for row in table:
        numbers = [float(row[c]) for c in CLASSES]
        assert float(row["confidence"]) == max(numbers) == float(row[row["label"]])
        assert sum(numbers) == pytest.approx(1, abs=1e-5)
        assert row["error"] == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cells", name]


def test_all_formats_hold_the_same_numbers(predict, tmp_path):
    write_folder(tmp_path / "cells", 70)
    (tmp_path / "cells" / "bad.png").touch()
    tables = []
    for name in ("a.csv", "a.parquet", "a.jsonl"):
        assert predict("cells", "-o", name) == 3
        table = read(tmp_path / name)
        for row in table:
            for column in ("confidence", *CLASSES):
                row[column] = np.float32(row[column]) if row[column] != "" else ""
        tables.append(table)
    assert tables[0] == tables[1] == tables[2]


def test_a_bad_file_has_its_row_and_the_exit_code_is_3(predict, tmp_path, capsys):
    write_folder(tmp_path / "cells", 3)
    (tmp_path / "cells" / "cell_00000x.png").write_bytes(b"nonsense")
    (tmp_path / "cells" / "cell_00001x.png").write_bytes(encoded("basophil")[:50])
    assert predict("cells", "-o", "out.csv") == 3
    table = read(tmp_path / "out.csv")
    assert [bool(row["error"]) for row in table] == [False, True, False, True, False]
    assert table[1] == dict.fromkeys(COLUMNS, "") | {
        "path": "cells/cell_00000x.png",
        "error": "not a picture of a known format",
    }
    said = capsys.readouterr().err
    assert "2 of 5 images failed" in said
    assert "cells/cell_00000x.png: not a picture" in said


def test_pages_that_are_left_out_are_told(predict, tmp_path, capsys):
    pages = [Image.fromarray(picture(name)) for name in CLASSES[:2]]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    assert predict(str(tmp_path / "pages.tif"), "-o", str(tmp_path / "out.csv")) == 0
    said = capsys.readouterr().err
    assert f"1 file holds more than is read of it: {tmp_path / 'pages.tif'} (its first page is read" in said


def test_csv_goes_to_a_pipe(predict, tmp_path, capsys):
    write_folder(tmp_path / "cells", 3)
    assert predict("cells/cell_00001.png") == 0
    header, row = csv.reader(capsys.readouterr().out.splitlines())
    assert header == COLUMNS
    assert row[:2] == ["cells/cell_00001.png", "lymphocyte"]


def test_files_globs_npz_and_tar_together(predict, tmp_path):
    write_folder(tmp_path / "cells", 2)
    np.savez_compressed(tmp_path / "n.npz", images=np.stack([picture("basophil"), picture("eosinophil")]))
    write_tar(tmp_path / "t.tar.gz", {"in/a.png": encoded("lymphocyte"), "readme.md": b""})
    assert predict("t.tar.gz", "cells/*.png", "n.npz", "-o", "out.csv") == 0
    assert [(row["path"], row["label"]) for row in read(tmp_path / "out.csv")] == [
        ("t.tar.gz#in/a.png", "lymphocyte"),
        ("cells/cell_00000.png", "eosinophil"),
        ("cells/cell_00001.png", "lymphocyte"),
        ("n.npz#images/0", "basophil"),
        ("n.npz#images/1", "eosinophil"),
    ]


@pytest.mark.parametrize("given", ["gone.png", "*.gone", "empty"])
def test_nothing_to_classify_is_an_error_that_names_it(predict, tmp_path, capsys, given):
    (tmp_path / "empty").mkdir()
    assert predict(given, "-o", "out.csv") == 2
    assert f"error: {given}: " in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_an_output_is_not_replaced_unasked(predict, tmp_path, capsys):
    write_folder(tmp_path / "cells", 2)
    (tmp_path / "out.csv").write_text("precious")
    assert predict("cells", "-o", "out.csv") == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (tmp_path / "out.csv").read_text() == "precious"
    assert predict("cells", "-o", "out.csv", "--overwrite") == 0
    assert len(read(tmp_path / "out.csv")) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "out.xlsx"], "unknown kind of table"),
        (["-o", "cells"], "unknown kind of table"),
        (["--resume"], "need an output"),
        (["-o", "out.csv", "--resume", "--overwrite"], "exclude each other"),
        (["--threads", "0"], "must be at least 1"),
        (["--batch", "many"], "invalid"),
    ],
)
def test_wrong_usage_is_2(predict, tmp_path, capsys, arguments, said):
    write_folder(tmp_path / "cells", 1)
    assert predict("cells", *arguments) == 2
    assert said in capsys.readouterr().err


def test_an_unknown_model_is_2(predict, tmp_path, capsys):
    write_folder(tmp_path / "cells", 1)
    assert predict("cells", model="nosuch") == 2
    assert "'nosuch' is neither a shipped model nor a file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.jsonl"])
def test_resuming_a_finished_run_says_so_with_its_exit_code(predict, tmp_path, capsys, name):
    write_folder(tmp_path / "cells", 2)
    assert predict("cells", "-o", name, "--resume") == 0  # nothing to resume: from the start
    before = (tmp_path / name).read_bytes()
    assert predict("cells", "-o", name, "--resume") == 0
    assert "complete already" in capsys.readouterr().err
    assert (tmp_path / name).read_bytes() == before
    (tmp_path / "cells" / "x.png").touch()
    assert predict("cells", "-o", name, "--overwrite") == 3
    assert predict("cells", "-o", name, "--resume") == 3


def test_real_images(predict, tmp_path, pbc):
    folder = pbc / "val" / "platelet"
    n = len([path for path in folder.iterdir() if path.suffix == ".jpg"])
    assert predict(folder, "-o", "out.csv") == 0
    table = read(tmp_path / "out.csv")
    assert len(table) == n > 100
    assert {row["error"] for row in table} == {""}


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.jsonl"])
def test_unknown_objects_and_sets_have_their_columns(predict, tmp_path, capsys, name):
    telling = str(write_model(tmp_path / "m.onnx", unknown=0.37))
    write_folder(tmp_path / "cells", 12)
    (tmp_path / "cells" / "z.png").touch()
    assert predict("cells", "-o", name, "--coverage", "0.9", model=telling) == 3
    *table, failed = read(tmp_path / name)
    assert list(table[0]) == [*COLUMNS[:-1], "unknown", "is_unknown", "set", "error"]
    assert (failed["unknown"], failed["is_unknown"], failed["set"]) == ("", "", "")
    flagged = [row["is_unknown"] in (True, "1") for row in table]
    assert flagged == [float(row["unknown"]) > 0.37 for row in table]
    assert 0 < sum(flagged) < 12
    in_set = [row["label"] in (row["set"] or "").split("|") for row in table]
    assert in_set == [not each for each in flagged]
    assert f"{sum(flagged)} of 12 images are probably none of the classes" in capsys.readouterr().err


def test_a_coverage_that_the_model_does_not_have_is_2(predict, tmp_path, capsys):
    write_folder(tmp_path / "cells", 1)
    assert predict("cells", "-o", "out.csv", "--coverage", "0.9") == 2
    assert "no prediction sets of coverage 0.9" in capsys.readouterr().err
    assert not (tmp_path / "out.csv.partial").exists()


def test_the_differential_is_shown_and_written_beside_the_table(predict, tmp_path, capsys):
    write_folder(tmp_path / "cells", 150)
    confused = {"counts": [[95, 5, 0], [0, 90, 10], [0, 0, 100]], "method": "cells of the test"}
    careful = str(write_model(tmp_path / "careful.onnx", confusion=confused))
    assert predict("cells", "-o", "out.csv", "--differential", "--precision", "2", model=careful) == 0
    shown, told = capsys.readouterr()
    assert "Differential of 150 cells" in shown
    assert "counted on 300 cells of the test" in shown
    assert "within 2 percentage points" in shown
    assert "Differential of 150 cells -> differential.csv" in told
    rows = read(tmp_path / "differential.csv")
    assert [row["class"] for row in rows] == [*CLASSES, "unknown", "failed"]
    assert float(rows[0]["value"]) > float(rows[0]["plain"])


def test_into_a_pipe_the_differential_goes_beside_the_rows(predict, tmp_path, capsys):
    write_folder(tmp_path / "cells", 3)
    assert predict("cells", "--differential") == 0
    shown, told = capsys.readouterr()
    assert len(shown.splitlines()) == 4
    assert "Differential of 3 cells" in told
    assert "miss the model's errors" in told
