"""Folders that are put elsewhere as they grow: gone on with here or on another machine, never with parts of both."""

import shutil

import pytest

from hemascope.data.remote.delivery import staged
from hemascope.data.remote.mirror import as_given, into_folder, put_so_far, taken_up
from hemascope.errors import RunError, SourceError
from tests.told import Told

COMMAND = "hemascope job"


@pytest.fixture
def machine(bucket, tmp_path, monkeypatch):
    """Makes this process one of several machines, each of which has a cache of its own."""

    def be(name):
        monkeypatch.setenv("HEMASCOPE_CACHE", str(tmp_path / name))

    be("first")
    return be


def epoch(folder, number):
    """What a training writes in an epoch, in its order; what is beside it says that it is whole."""
    for name in ("best.pt", "last.ckpt"):
        (folder / name).write_text(f"epoch {number}")
    put_so_far()


@into_folder(COMMAND)
def job(*, output, problem=None, progress=None):
    output.mkdir(exist_ok=True)
    (output / "run.json").write_text("begun")
    (output / ".hidden").write_text("not to be put")
    put_so_far()
    epoch(output, 1)
    if problem:
        raise problem(f"{output}: went wrong", f"Look into {output}/best.pt.") if problem is RunError else problem
    (output / "report.html").write_text("all")
    return output


def go_on(url, epochs, told):
    with taken_up(url, COMMAND, "run.json", told) as folder:
        for number in epochs:
            epoch(folder, number)
        return (folder / "last.ckpt").read_text()


def puts(bucket):
    return sorted(path for path, count in bucket.proxy.asked.items() for _ in range(count) if path.startswith("PUT "))


def test_what_is_made_is_there_meanwhile_and_in_the_end(bucket, machine):
    told, url = Told(), f"{bucket.url}/runs/mine"
    made = job(output=url, progress=told)
    names = ("best.pt", "last.ckpt", "report.html", "run.json")
    assert bucket.keys == [f"runs/mine/{name}" for name in names]
    assert puts(bucket) == [f"PUT /{bucket.name}/runs/mine/{name}" for name in names]  # nothing twice
    assert told.said == [f"All of it is at {url}; a copy stays in {made}"]
    assert as_given(made / "report.html") == f"{url}/report.html"
    assert as_given(made.parent) == str(made.parent)
    with pytest.raises(SourceError, match="mine: exists already") as caught:
        job(output=url)
    assert caught.value.remedy == f"Go on with it: {COMMAND} --resume {url}; or give another name."


def test_an_interrupted_job_is_gone_on_with_here_and_elsewhere(bucket, machine):
    told, url = Told(), f"{bucket.url}/runs/mine"
    with pytest.raises(KeyboardInterrupt):
        job(output=url, problem=KeyboardInterrupt)
    assert bucket.get("runs/mine/last.ckpt") == b"epoch 1"  # put at the end, though it was hardly due
    asked = puts(bucket)
    assert go_on(staged(url), [2], told) == "epoch 2"
    assert len(puts(bucket)) == len(asked) + 2
    assert bucket.get("runs/mine/last.ckpt") == b"epoch 2"

    machine("second")
    assert go_on(url, [3], told) == "epoch 3"
    assert "fetched 3 files, 0.0 MB, from" in told.said[-2]
    assert bucket.get("runs/mine/last.ckpt") == b"epoch 3"

    machine("first")  # what it has is older than what is there, and no part of it is mixed with that
    (staged(url) / "notes.txt").write_text("of the first")
    assert go_on(url, [], told) == "epoch 3"
    assert "another machine has written" in told.said[-3]
    before = staged(url).with_name("mine.before")
    assert (before / "notes.txt").is_file()
    assert "runs/mine/notes.txt" not in bucket.keys
    shutil.rmtree(staged(url))
    assert go_on(url, [], told) == "epoch 3"
    with pytest.raises(SourceError, match=r"no run\.json is there, and none was begun here"):
        go_on(f"{url}2", [], told)


def test_a_checkpoint_that_cannot_be_put_leaves_the_one_before(bucket, machine, monkeypatch):
    told, url = Told(), f"{bucket.url}/runs/mine"
    with pytest.raises(KeyboardInterrupt):
        job(output=url, problem=KeyboardInterrupt)
    monkeypatch.setenv("HEMASCOPE_PATIENCE", "0")
    monkeypatch.setattr("hemascope.data.remote.mirror._SHARE", 1e9)  # every epoch is put
    with taken_up(url, COMMAND, "run.json", told) as folder:
        bucket.proxy.faults["last.ckpt"] = [503]
        epoch(folder, 2)
        assert "the server asks to slow down" in told.said[-1]
        assert "is put there later" in told.said[-1]
        assert bucket.get("runs/mine/last.ckpt") == b"epoch 1"
        machine("second")  # as it is when the first is gone now: the epoch is repeated
        assert go_on(url, [], told) == "epoch 1"
        machine("first")
        epoch(folder, 3)
    assert bucket.get("runs/mine/last.ckpt") == b"epoch 3"


def test_a_finished_job_that_cannot_be_put_is_kept_and_put_by_going_on(bucket, machine, monkeypatch):
    told, url = Told(), f"{bucket.url}/runs/mine"
    monkeypatch.setenv("HEMASCOPE_PATIENCE", "0")
    bucket.proxy.faults["report.html"] = [500]
    with pytest.raises(SourceError, match="it is finished, and kept in") as caught:
        job(output=url)
    assert caught.value.remedy.endswith(f"Then {COMMAND} --resume {url} puts it there.")
    go_on(url, [], told)
    assert bucket.get("runs/mine/report.html") == b"all"


def test_errors_name_what_the_user_gave(bucket, machine):
    url = f"{bucket.url}/runs/mine"
    with pytest.raises(RunError) as caught:
        job(output=url, problem=RunError)
    assert str(caught.value) == f"{url}: went wrong. Look into {url}/best.pt."


def test_a_folder_of_its_own_is_taken_up_and_no_other(bucket, machine):
    @into_folder(takes_up="findings.csv")
    def look(*, output, progress=None):
        output.mkdir(exist_ok=True)
        table = output / "findings.csv"
        before = table.read_text() if table.exists() else ""
        table.write_text(f"{before}seen\n")
        return before

    url = f"{bucket.url}/looked"
    assert look(output=url) == ""
    bucket.put("looked/findings.csv", b"edited there\n")
    assert look(output=url) == "edited there\n"
    (staged(url) / "findings.csv").write_text("edited here\n")
    assert look(output=url) == "edited here\n"
    assert bucket.get("looked/findings.csv") == b"edited here\nseen\n"
    bucket.put("cells/1.png", b"picture")
    with pytest.raises(SourceError, match="cells: exists already"):
        look(output=f"{bucket.url}/cells")
    assert not staged(f"{bucket.url}/cells").exists()


def test_names_that_lead_out_of_the_folder_are_passed_over(bucket, machine, tmp_path):
    bucket.put("runs/mine/run.json", b"begun")
    bucket.put("runs/mine/last.ckpt", b"epoch 1")
    for name in ("runs/mine/../../../escaped", "runs/mine/.hidden/file"):
        bucket.put(name, b"hostile")
    assert go_on(f"{bucket.url}/runs/mine", [], Told()) == "epoch 1"
    assert not [path for path in tmp_path.rglob("*") if path.name in ("escaped", "file")]
