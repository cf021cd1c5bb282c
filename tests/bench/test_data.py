import numpy as np
import pytest

from hemascope.bench.data import TRAIN, check_unseen, prepare
from hemascope.bench.file import load_bench
from hemascope.data.manifest import Manifest
from hemascope.errors import HemascopeError, RunError
from tests.bench.conftest import write_bench_file


def test_nothing_is_on_both_sides_and_the_division_stays(file, tmp_path):
    bench = load_bench(file)
    held_out = prepare(bench, tmp_path / "out")
    train = Manifest.read(tmp_path / "out" / TRAIN)
    assert len(held_out.rows) == 16
    assert held_out.trained_on == len(train) == 48
    assert not set(train.ids) & set(held_out.rows.ids)
    assert set(train.table["split"]) == {""}
    assert held_out.images.shape == (16, 48, 48, 3)
    again = prepare(bench, tmp_path / "out")
    assert (again.images == held_out.images).all()


def test_other_settings_in_the_same_folder_are_refused(file, tmp_path):
    prepare(load_bench(file), tmp_path / "out")
    other = write_bench_file(tmp_path / "other.yaml", source="synthetic:32", seed=1)
    with pytest.raises(RunError, match=r"a bench with other settings \(source, seed\)"):
        prepare(load_bench(other), tmp_path / "out")


def test_a_split_of_the_source_may_be_held_out(tmp_path):
    rows = Manifest.build(
        ["synthetic://0"] * 24, ["monocyte", "platelet"] * 12, ("monocyte", "platelet"),
        members=[str(8 * (i // 2) + (5, 7)[i % 2]) for i in range(24)], splits=["train"] * 16 + ["val"] * 8,
    )  # fmt: skip
    rows.write(tmp_path / "rows.parquet")
    file = write_bench_file(tmp_path / "split.yaml", source=str(tmp_path / "rows.parquet"), held_out="val")
    held_out = prepare(load_bench(file), tmp_path / "out")
    assert set(held_out.rows.ids) == set(rows.ids[16:])
    none = write_bench_file(tmp_path / "none.yaml", source=str(tmp_path / "rows.parquet"), held_out="test")
    with pytest.raises(HemascopeError, match=r"no split 'test' beside others \(it has: train, val\)"):
        prepare(load_bench(none), tmp_path / "other")


def test_a_run_that_saw_the_held_out_images_is_refused(file, tmp_path):
    held_out = prepare(load_bench(file), tmp_path / "out")
    seen = held_out.rows.with_columns(split=np.full(16, "train"))
    with pytest.raises(RunError, match="trained on 16 of the 16 held-out images"):
        check_unseen(seen, held_out.rows, tmp_path)
    check_unseen(held_out.rows, held_out.rows, tmp_path)
