from pathlib import Path

import pytest

from hemascope.bench.file import load_bench
from hemascope.bench.runner import plan
from hemascope.errors import RecipeError
from hemascope.train.recipe_files import flat
from tests.bench.conftest import write_bench_file

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_a_row_wins_over_its_file_and_a_file_over_its_base(tmp_path):
    rows = [{"name": "a", "set": {"epochs": 7}}, {"name": "b", "set": {"optimizer": {"name": "adam"}}}]
    base = write_bench_file(tmp_path / "base.yaml", rows=rows, set={"epochs": 3, "input_size": 64})
    assert [row.set for row in load_bench(base).rows] == [
        {"epochs": 7, "input_size": 64},
        {"epochs": 3, "input_size": 64, "optimizer.name": "adam"},
    ]
    short = tmp_path / "short.yaml"
    short.write_text("base: base.yaml\ntitle: Short\nset: {epochs: 1}\nset_rows: {b: {input_size: 32}}\n")
    found = load_bench(short, source="synthetic:9")
    assert (found.title, found.note, found.source) == ("Short", "SHORT", "synthetic:9")
    assert [row.set["epochs"] for row in found.rows] == [1, 1]
    assert [row.set["input_size"] for row in found.rows] == [64, 32]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"imges": 3}, r"unknown key 'imges'.*Did you mean images\?"),
        ({"rows": [{"name": "a", "recipy": "demo"}]}, r"unknown key 'rows.0.recipy'.*Did you mean recipe\?"),
        ({"hidden": {"sied": 3}}, r"unknown key 'hidden.sied'.*Did you mean side\?"),
        ({"rows": []}, "rows"),
        ({"rows": [{"name": "a"}, {"name": "a"}]}, "rows of the same name: a"),
        ({"held_out": 1.5}, "held_out must be a share"),
        ({"set_rows": {"c": {}}}, "set_rows names 'c', which is no row"),
        ({"set": 3}, "set wants keys and values"),
        ({"rows": [{"name": "a", "table": "other"}]}, "rows.0.table"),
        ({"base": "none.yaml"}, r"none\.yaml: no such bench file"),
    ],
)
def test_what_is_not_valid_is_named(tmp_path, changed, said):
    with pytest.raises(RecipeError, match=said):
        load_bench(write_bench_file(tmp_path / "bad.yaml", **changed))


def test_a_file_that_is_no_bench_is_refused(tmp_path):
    with pytest.raises(RecipeError, match="no such bench file"):
        load_bench(tmp_path / "none.yaml")
    for text in ("- a", "a: [", ""):
        (tmp_path / "bad.yaml").write_text(text)
        with pytest.raises(RecipeError, match=r"bad\.yaml"):
            load_bench(tmp_path / "bad.yaml")


def test_nested_keys_become_keys_with_dots():
    assert flat({"a": {"b": {"c": 1}}, "d": [1]}) == {"a.b.c": 1, "d": [1]}


@pytest.mark.parametrize("name", ["report", "report-short"])
def test_every_row_of_the_shipped_files_has_a_valid_recipe(name, tmp_path):
    bench = load_bench(BENCHMARKS / f"{name}.yaml")
    recipes = {part.row.name: part.recipe for part in plan(bench, tmp_path)}
    tables = [row.table for row in bench.rows if row.report is not None or "illegible" in row.notes]
    assert [tables.count(table) for table in ("submissions", "metrics", "local_tta")] == [9, 1, 5]
    assert recipes["convnexttiny-adamw"].optimizer.name == "adamw"
    assert recipes["vgg16-nadam-rand"].augment.rand == 2
    assert recipes["vgg16-nadam-rand"].fractions[2] == 0
    assert recipes["final"].fractions[2] > 0
    short = name == "report-short"
    assert bool(bench.note) == short
    assert all((recipe.epochs <= 4) == short for recipe in recipes.values())
