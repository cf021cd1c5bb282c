import json
import zipfile

import pytest
from PIL import Image

import hemascope
from hemascope.errors import HemascopeError, ModelFileError, SourceError, WriteError
from hemascope.fields import run as running
from hemascope.predict.alone import alone
from hemascope.report.count_page import write_count_page
from tests.fields.toy import small_field
from tests.predict.model import write_model


@pytest.fixture
def job(detector_file, model_file, field_folder):
    """Counts the folder of fields; arguments are added."""

    def count(output=None, sources=field_folder, model=model_file, **options):
        return hemascope.count(sources, model, detector=detector_file, output=output, threads=1, **options)

    return count


def contents(folder):
    """What a count has written, by name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_count_in_memory_and_in_a_folder_is_the_same(job, tmp_path):
    memory, folder = job(), job(tmp_path / "out")
    assert (len(memory), memory.failed) == (4, 1)
    assert sorted(contents(tmp_path / "out")) == [
        "cells.coco.json", "cells.csv", "count.html", "count.json", "differential.csv", "fields.csv",
        *(f"geojson/field_{number}.geojson" for number in (0, 1, 2)),
    ]  # fmt: skip
    rows = list(memory.rows())
    assert rows == list(folder.rows())
    assert len(rows) == 3 * 24 + 1
    assert rows[-1]["error"] == "not a picture of a known format"
    assert dict(memory.totals.kinds) == {"white": 9, "red": 54, "platelet": 9}
    assert memory.differential == folder.differential
    assert memory.differential.leucocytes == 9
    assert memory._repr_html_().startswith("<p>4 fields, 1 failed</p><table>")
    assert [len(read.cells) for read in memory.reads] == [24, 24, 24, 1]
    assert folder.reads == []


def test_parquet_holds_the_same_and_takes_the_place_of_csv(job, tmp_path):
    csv = list(job(tmp_path / "out").rows())
    parquet = job(tmp_path / "out", format="parquet", overwrite=True)
    assert not (tmp_path / "out" / "cells.csv").exists()
    for row, wanted in zip(parquet.rows(), csv, strict=True):
        assert row == {key: pytest.approx(value) if type(value) is float else value for key, value in wanted.items()}


def test_a_table_in_pandas(job):
    table = job().table()
    assert list(table["kind"].value_counts().sort_index().items()) == [("platelet", 9), ("red", 54), ("white", 9)]
    assert table["xmin"].dtype == "float32"


@pytest.mark.parametrize("done", [0, 1, 3])
def test_a_count_that_is_killed_goes_on_to_the_same_rows(job, tmp_path, monkeypatch, done):
    job(tmp_path / "whole" / "out")
    add = running._Job.add

    def killed(self, read, workers=None):
        if self.totals.fields == done:
            raise KeyboardInterrupt
        add(self, read, workers)

    with monkeypatch.context() as patch:
        patch.setattr(running._Job, "add", killed)
        with pytest.raises(KeyboardInterrupt):
            job(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir() if path.suffix] == ["cells.partial"]
    with pytest.raises(SourceError, match="an interrupted run left this"):
        job(tmp_path / "out")
    with (tmp_path / "out" / "cells.partial").open("ab") as file:
        file.write(b"half a part")
    again = job(tmp_path / "out", resume=True)
    assert again.fields == 4
    assert contents(tmp_path / "out") == contents(tmp_path / "whole" / "out")


def test_a_count_that_is_killed_while_it_writes_its_tables_goes_on(job, tmp_path, monkeypatch):
    job(tmp_path / "whole" / "out")
    with monkeypatch.context() as patch:
        patch.setattr(running, "write_fields", lambda *_: (_ for _ in ()).throw(WriteError("full")))
        with pytest.raises(WriteError):
            job(tmp_path / "out")
    job(tmp_path / "out", resume=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole" / "out")


def test_a_finished_count_is_complete_for_the_same_job_alone(job, tmp_path, field_folder):
    whole = job(tmp_path / "out")
    before = contents(tmp_path / "out")
    again = job(tmp_path / "out", resume=True)
    assert again.totals.as_dict() == whole.totals.as_dict()
    assert again.differential == whole.differential
    assert contents(tmp_path / "out") == before
    with pytest.raises(SourceError, match="exists already"):
        job(tmp_path / "out")
    with pytest.raises(SourceError, match="not among its fields"):
        job(tmp_path / "out", [field_folder, field_folder / "field_0.png"], resume=True)
    with pytest.raises(SourceError, match="the images are not those of this count"):
        job(tmp_path / "out", field_folder / "field_1.png", resume=True)
    other = write_model(tmp_path / "other.onnx", sharpness=3.0)
    with pytest.raises(ModelFileError, match="made with another model"):
        job(tmp_path / "out", model=other, resume=True)
    with pytest.raises(SourceError, match=r"no cells\.parquet"):
        job(tmp_path / "out", format="parquet", resume=True)
    (tmp_path / "out" / "count.json").write_text("{")
    with pytest.raises(SourceError, match="a count cannot be read"):
        job(tmp_path / "out", resume=True)


def test_two_runs_cannot_write_one_folder(job, tmp_path):
    at_it = pytest.raises(SourceError, match="another hemascope count is writing this")
    with alone(tmp_path / "out" / "cells", "hemascope count"), at_it:
        job(tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"format": "xlsx"}, "no format of the table"),
        ({"precision": 0}, "precision of 0"),
        ({"resume": True}, "need a folder"),
        ({"output": "out", "resume": True, "overwrite": True}, "exclude each other"),
        ({"attributes": True}, "attributes"),
        ({"sources": "gone"}, "gone"),
        ({"output": __file__}, "is a file"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(job, tmp_path, monkeypatch, options, why):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HemascopeError, match=why):
        job(**options)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_source_without_a_field_is_refused(job, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no image there"):
        job(tmp_path / "out", tmp_path / "empty")


def test_frames_that_are_left_out_are_told_and_pages_are_fields(job, tmp_path):
    pages = [Image.fromarray(small_field()), Image.fromarray(small_field()[::-1])]
    for name in ("two.gif", "two.tif"):
        pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:])
    counted = job(sources=[tmp_path / "two.gif", tmp_path / "two.tif"])
    assert list(counted.left_out) == [str(tmp_path / "two.gif")]
    names = [read.name.rpartition("/")[2] for read in counted.reads]
    assert names == ["two.gif", "two.tif#0", "two.tif#1"]


def test_a_precision_is_told_of_and_kept_out_of_the_summary(job, tmp_path):
    found = job(tmp_path / "out", precision=2)
    assert found.differential.precision == 2
    summary = json.loads((tmp_path / "out" / "count.json").read_text())
    assert summary["kinds"] == {"white": 9, "red": 54, "platelet": 9}
    assert "precision" not in summary


def test_sources_of_all_kinds_are_counted(job, tmp_path, field_folder):
    with zipfile.ZipFile(tmp_path / "fields.zip", "w") as file:
        for number in range(2):
            file.write(field_folder / f"field_{number}.png", f"field_{number}.png")
    names = [read.name for read in job(sources=[tmp_path / "fields.zip", field_folder / "field_0.png"]).reads]
    assert [name.rpartition("/")[2] for name in names] == [
        "fields.zip#field_0.png", "fields.zip#field_1.png", "field_0.png",
    ]  # fmt: skip


def test_files_beside_the_tables_are_those_of_a_count_that_was_never_ended(
    detector_file, model_file, field_folder, tmp_path
):
    class Quiet:
        def begin(self, columns, before):
            pass

        def add(self, read):
            if read.name.endswith("field_1.png") and not ended:
                raise KeyboardInterrupt

    def count(folder, **options):
        running.run(
            [str(field_folder)], model_file, watcher=Quiet(), detector=detector_file, output=tmp_path / folder,
            rois=True, crops=True, overlays=True, page=write_count_page, threads=1, **options,
        )  # fmt: skip

    ended = False
    with pytest.raises(KeyboardInterrupt):
        count("out")
    ended = True
    count("out", resume=True)
    count("whole/out")
    resumed, whole = contents(tmp_path / "out"), contents(tmp_path / "whole" / "out")
    assert resumed == whole
    for suffix in (".geojson", ".zip", ".jpg"):
        assert sum(name.endswith(suffix) for name in whole) == 3  # the fourth cannot be read
    assert {"cells.coco.json", "count.html"} <= set(whole)
