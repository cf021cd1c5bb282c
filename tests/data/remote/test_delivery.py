"""Outputs elsewhere: whole or not there, refused as on this machine, kept and gone on with after what goes wrong."""

import threading

import pytest

import hemascope
from hemascope.cli import main
from hemascope.data.remote.delivery import delivered, staged
from hemascope.data.remote.url import named
from hemascope.errors import SourceError
from hemascope.predict.output import read_rows
from hemascope.predict.run import run
from tests.predict.model import write_model
from tests.predict.pictures import encoded


class Silent:
    def begin(self, layout, before):
        self.before = before

    def add(self, block):
        pass


@pytest.fixture
def cells(bucket, tmp_path, monkeypatch):
    """A bucket with ten images, a model here, and an empty cache."""
    monkeypatch.setenv("HEMASCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for number in range(10):
        bucket.put(f"cells/{number}.png", encoded(("basophil", "eosinophil")[number % 2]))
    write_model(tmp_path / "model.onnx")
    return bucket


def rows_of(url):
    from hemascope.data.remote.path import located

    return [(row["path"].rpartition("/")[2], row["label"]) for row in read_rows(located(url))]


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_table_is_written_there_whole_and_nothing_stays_here(cells, tmp_path, name):
    output = f"{cells.url}/made/{name}"
    done = hemascope.predict(f"{cells.url}/cells", "model.onnx", output=output, threads=1)
    assert (len(done), str(done.output)) == (10, output)
    assert [key for key in cells.keys if "made" in key] == [f"made/{name}"]
    assert rows_of(output) == [(f"{n}.png", ("basophil", "eosinophil")[n % 2]) for n in range(10)]
    assert [row["label"] for row in done.rows()] == [label for _, label in rows_of(output)]
    assert not list((tmp_path / "cache").rglob("*.*"))
    local = hemascope.predict(f"{cells.url}/cells", "model.onnx", output=tmp_path / name, threads=1)
    assert local.output.read_bytes() == cells.get(f"made/{name}")
    with pytest.raises(SourceError, match=f"{output}: exists already"):
        hemascope.predict(f"{cells.url}/cells", "model.onnx", output=output)
    again = run([f"{cells.url}/cells"], "model.onnx", watcher=Silent(), output=done.output, resume=True)
    assert (again.finished, again.images) == (True, 10)
    hemascope.predict("synthetic:8", "model.onnx", output=output, overwrite=True)
    assert len(rows_of(output)) == 8


def test_an_interrupted_run_leaves_nothing_there_and_is_gone_on_with(cells):
    output, stop, watcher = f"{cells.url}/out.csv", threading.Event(), Silent()
    watcher.add = lambda block: stop.set()
    from hemascope.data.remote.path import located

    found = run([f"{cells.url}/cells"], "model.onnx", watcher=watcher, output=located(output), stop=stop, threads=1)
    assert not found.complete
    assert "out.csv" not in cells.keys
    journal = staged(output).with_name("out.csv.partial")
    assert journal.is_file()
    with pytest.raises(SourceError, match="an interrupted run left this"):
        hemascope.predict(f"{cells.url}/cells", "model.onnx", output=output)
    cells.proxy.asked.clear()
    assert len(hemascope.predict(f"{cells.url}/cells", "model.onnx", output=output, resume=True)) == 10
    assert len(rows_of(output)) == 10
    assert not journal.exists()
    assert sum(n for path, n in cells.proxy.asked.items() if path.endswith(".png")) == 10 - found.images


def test_a_delivery_that_fails_is_kept_and_made_good_by_resume(cells, monkeypatch):
    output = f"{cells.url}/out.csv"
    monkeypatch.setenv("HEMASCOPE_PATIENCE", "0.5")
    cells.proxy.faults["out.csv"] = ["", "", 404, *[500] * 60]
    with pytest.raises(SourceError, match="finished, and kept in") as caught:
        hemascope.predict(f"{cells.url}/cells", "model.onnx", output=output, threads=1)
    assert "--resume" in caught.value.remedy
    assert "out.csv" not in cells.keys
    cells.proxy.faults.clear()
    hemascope.predict(f"{cells.url}/cells", "model.onnx", output=output, threads=1, resume=True)
    assert len(rows_of(output)) == 10
    assert not staged(output).parent.exists()


def test_where_nothing_can_be_written_is_said_before_any_work(cells, web):
    for output, says in {
        "s3://no-such-bucket-here/out.csv": "no such bucket",
        f"{web.url}/out.csv": "nothing can be written to the web",
        f"{cells.url}/out.txt": f"{cells.url}/out.txt: unknown kind of table",
    }.items():
        with pytest.raises(SourceError, match=says):
            hemascope.predict(f"{cells.url}/gone", "model.onnx", output=output)
        assert not staged(output).parent.exists()
    cells.proxy.faults["out.csv"] = [403] * 9
    with pytest.raises(SourceError, match="access denied"):
        hemascope.predict(f"{cells.url}/cells", "model.onnx", output=f"{cells.url}/out.csv")


def test_a_differential_goes_beside_it(cells, capsys):
    arguments = ["predict", f"{cells.url}/cells", "-m", "model.onnx", "-o", f"{cells.url}/a/out.csv", "--differential"]
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 0
    assert f"10 images -> {cells.url}/a/out.csv" in capsys.readouterr().err
    assert {"a/out.csv", "a/differential.csv"} <= set(cells.keys)
    with pytest.raises(SystemExit) as end:
        main([*arguments[:-2], f"{cells.url}/a/other.csv", "--differential"])
    assert end.value.code == 2
    assert f"{cells.url}/a/differential.csv: exists already" in capsys.readouterr().err


def test_a_folder_is_put_there_with_what_tells_of_it_last(cells):
    with delivered(f"{cells.url}/made/") as delivery:
        (delivery.path / "deep").mkdir(parents=True)
        for name in ("report.html", "deep/a.csv", ".lock"):
            (delivery.path / name).write_text(name)
    assert [key for key in cells.keys if key.startswith("made")] == ["made/deep/a.csv", "made/report.html"]
    with pytest.raises(SourceError, match="made: exists already"), delivered(f"{cells.url}/made"):
        pass


def test_no_password_reaches_a_message_a_table_or_a_journal(cells, web, tmp_path, capsys):
    import base64

    user, word = "reader", "pass-word-17"
    web.password = "Basic " + base64.b64encode(f"{user}:{word}".encode()).decode()
    web.files.update({f"/cells/{number}.png": encoded("basophil") for number in range(3)})
    web.files["/cells/3.png"] = b"damaged"
    host = web.url.removeprefix("http://")
    secret = f"http://{user}:{word}@{host}"
    (tmp_path / "a.csv").write_text(f"path\n{web.url}/cells/0.png?X-Amz-Signature=f00f00&X-Amz-Expires=60\n"
                                    f"{secret}/cells/gone.png\n")  # fmt: skip
    seen = ""
    for source in (f"{secret}/cells/", f"{secret}/cells/0.png", "a.csv", f"{secret}/none/", f"{secret}/x.tar"):
        output = f"out{len(seen)}.parquet"
        with pytest.raises(SystemExit):
            main(["predict", source, "-m", "model.onnx", "-o", output])
        seen += str(capsys.readouterr())
        if (tmp_path / output).exists():
            seen += str([row["path"] + (row["error"] or "") for row in read_rows(tmp_path / output)])
            seen += str((tmp_path / output).read_bytes())
    assert f"{web.url}/cells/0.png" in seen
    assert "no such file" in seen
    assert word not in seen
    assert "f00f00" not in seen
    assert any("X-Amz-Signature=f00f00" in path for path in web.asked)
    web.password = "Basic of another"
    with pytest.raises(SourceError, match="access denied") as caught:
        hemascope.predict(f"{secret}/cells/", "model.onnx")
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert named(f"{secret}/cells/") == f"{web.url}/cells/"


def test_a_count_goes_elsewhere(cells):
    from PIL import Image

    from tests.fields.toy import small_field, write_detector

    write_detector("detector.onnx")
    Image.fromarray(small_field()).save("field.png")
    with open("field.png", "rb") as file:  # noqa: PTH123
        cells.put("fields/field.png", file.read())
    counted = hemascope.count(
        f"{cells.url}/fields", "model.onnx", detector="detector.onnx", output=f"{cells.url}/counted", threads=1
    )
    here = hemascope.count("field.png", "model.onnx", detector="detector.onnx", threads=1)
    assert [row["label"] for row in counted.rows()] == [row["label"] for row in here.rows()] != []
    assert {"counted/cells.csv", "counted/fields.csv", "counted/count.json"} <= set(cells.keys)


def test_what_is_written_here_only_makes_no_folder_of_that_name(cells, tmp_path):
    from hemascope.errors import HemascopeError

    for output in (f"{cells.url}/x", f"s3:/{cells.name}/x"):
        with pytest.raises(HemascopeError, match=f"{cells.url}/x: this is written on this machine only"):
            hemascope.adapt("synthetic:16", output=output)
    assert not (tmp_path / "s3:").exists()
