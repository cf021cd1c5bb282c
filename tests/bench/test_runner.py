import pytest

from hemascope.bench.bench import bench
from hemascope.bench.file import load_bench
from hemascope.bench.runner import plan
from hemascope.errors import HemascopeError, RecipeError, RunError, WeightsError
from tests.bench.conftest import ROWS, write_bench_file
from tests.told import Told


def run(file, folder, **options):
    told = Told()
    found = bench(recipe=file, output=folder, progress=told, **options)
    return found, "\n".join(told.said)


def test_every_row_is_run_once_and_the_pages_tell_all(file, tmp_path, trainings):
    out = tmp_path / "out"
    found, told = run(file, out)
    assert [name for name, _ in trainings.begun] == ["a", "b", "final", "views"]
    assert "48 images to train on, 16 held out" in told
    page, found = found.page, found.tables
    assert [table.name for table in found] == ["submissions", "metrics", "local_tta"]
    assert found[0].comparison.by == ("hidden", "accuracy")
    assert (found[0].comparison.images, found[0].comparison.groups) == (32, 16)
    assert found[0].entries[0].score("hidden").value == found[0].entries[1].score("hidden").value
    assert not found[0].comparison.rows[1].differences["hidden"]["accuracy"].certain
    assert found[1].entries[0].report("f1") == 0.93
    assert found[2].entries[0].score("tta") is not None
    assert found[0].agreement() is None
    html, text = page.read_text(), (out / "bench.md").read_text()
    for part in ("Two tables", "SHORT", "72%", "4 of 4 rows done", "two.yaml -o out", "VGG16"):
        assert part in html
        assert part in text
    assert "<script" not in html
    assert len((out / "bench.csv").read_text().splitlines()) == 5
    assert len(html) < 300_000

    found, told = run(file, out)
    assert told.count("done already") == 4
    assert found.failed == ()
    shown = found._repr_html_()
    assert shown.count("<table>") == 3
    assert "<td>VGG16</td>" in shown
    assert f'href="{found.page}"' in shown
    assert len(trainings.begun) == 4


def test_a_failing_row_is_told_and_the_others_go_on(file, tmp_path, trainings):
    out = tmp_path / "out"
    trainings.fails = {"a": HemascopeError("no luck", "Try again."), "b": MemoryError("too large")}
    found, told = run(file, out, only=["a", "b", "final"])
    assert [part.outcome and part.outcome.done for part in found.rows] == [False, False, True, None]
    assert "failed: no luck. Try again." in told
    assert "failed: MemoryError: too large" in told
    assert found.failed == ("a", "b")
    assert found.tables[0].comparison is None
    text = (out / "bench.md").read_text()
    assert "1 of 4 rows done, 2 failed, 1 not run" in text
    assert "FAILED: no luck. Try again." in text
    trainings.fails = {}
    found, _ = run(file, out, only=["a"])
    assert found.rows[0].outcome.done


def test_a_killed_training_goes_on(file, tmp_path, trainings):
    trainings.kills = True
    told = Told()
    with pytest.raises(KeyboardInterrupt):
        bench(recipe=file, output=tmp_path / "out", only=["a"], progress=told)
    assert told.said[-1] == "The whole bench goes on with the same command."
    other = write_bench_file(tmp_path / "other.yaml", set={"epochs": 9})
    with pytest.raises(RunError, match="holds the row 'a' with other settings"):
        run(other, tmp_path / "out", only=["a"])
    trainings.kills = False
    found, _ = run(file, tmp_path / "out", only=["a"])
    assert found.rows[0].outcome.done
    assert trainings.resumed == ["a"]
    assert len(trainings.begun) == 1


def test_rows_without_weights_are_trained_from_scratch_only_where_allowed(tmp_path, trainings):
    trainings.fails = {"a": WeightsError("no weights", "Connect.")}
    file = write_bench_file(tmp_path / "refuse.yaml", rows=ROWS[:1])
    found, _ = run(file, tmp_path / "refuse")
    assert not found.rows[0].outcome.done
    file = write_bench_file(tmp_path / "scratch.yaml", rows=ROWS[:1], fallback="scratch")
    found, _ = run(file, tmp_path / "scratch")
    assert found.rows[0].outcome.scratch
    assert not trainings.begun[0][1].pretrained


def test_a_finished_run_is_taken_unless_it_saw_the_images(file, tmp_path, trainings):
    found, _ = run(file, tmp_path / "out", only=["a"])
    rows = [{"name": "a", "run": str(found.rows[0].folder / "run")}]
    taken, _ = run(write_bench_file(tmp_path / "taken.yaml", rows=rows), tmp_path / "taken")
    assert taken.rows[0].outcome.done
    other = write_bench_file(tmp_path / "other.yaml", rows=rows, seed=5)
    refused, _ = run(other, tmp_path / "other")
    assert "held-out images" in refused.rows[0].outcome.reason
    assert len(trainings.begun) == 1


def test_what_cannot_be_run_is_refused_before_any_work(file, tmp_path, trainings):
    with pytest.raises(HemascopeError, match=r"--only vieuws: no such row\. Did you mean views"):
        run(file, tmp_path / "out", only=["vieuws"])
    bad = write_bench_file(tmp_path / "bad.yaml", rows=[*ROWS, {"name": "x", "set": {"epoch": 3}}])
    with pytest.raises(RecipeError, match=r"row 'x': .*unknown key 'epoch'"):
        run(bad, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    run(file, tmp_path / "out", only=["a"])
    with pytest.raises(RunError, match="holds the row 'a' with other settings"):
        plan(load_bench(write_bench_file(tmp_path / "other.yaml", tta_steps=3)), tmp_path / "out")
