from pathlib import Path

import numpy as np
import pytest

from hemascope.data.manifest import Manifest
from hemascope.report.balance import balance_part
from hemascope.report.page import write_report
from hemascope.report.run_files import read_run

from .conftest import write_run


def part(run: Path, text: str):
    (run / "recipe.yaml").write_text(text)
    return balance_part(read_run(run))


@pytest.fixture
def unequal(dots: Manifest) -> Manifest:
    """Of the first class every fourth training image is left."""
    rare = ((dots.table["label"] == dots.classes[0]) & (dots.table["split"] == "train")).to_numpy()
    kept = ~rare
    kept[np.flatnonzero(rare)[::4]] = True
    return dots.rows(kept)


def test_each_option_in_the_same_terms(tmp_path: Path, unequal: Manifest) -> None:
    run = write_run(tmp_path / "run", unequal)
    counts = unequal.counts()["train"]
    original = part(run, "batch_size: 16\n")
    assert (original.name, original.strength) == ("original", None)
    assert original.images == counts.sum() == sum(row.images for row in original.rows)
    assert original.draws == counts.sum() // 16 * 16 == sum(row.draws for row in original.rows)
    assert all(row.weight == pytest.approx(1) and row.repeats == 0 for row in original.rows)

    uniform = part(run, "batch_size: 16\nbalance: {name: uniform}\n")
    assert {row.draws for row in uniform.rows} <= {uniform.draws // 8, uniform.draws // 8 + 1}
    assert uniform.rows[0].repeats == uniform.rows[0].draws - uniform.rows[0].images > 0
    assert uniform.draws == original.draws

    weighted = part(run, "batch_size: 16\nbalance: {name: weighted_loss}\n")
    assert [row.draws for row in weighted.rows] == [row.draws for row in original.rows]
    assert weighted.rows[0].weight > 2 > weighted.rows[1].weight
    for option in (uniform, weighted):
        assert sum(row.share for row in option.rows) == pytest.approx(1)
        assert option.rows[0].share == pytest.approx(1 / 8, abs=0.03)
    assert original.rows[0].share < 0.05


def test_the_page_says_the_balance(tmp_path: Path, unequal: Manifest) -> None:
    run = write_run(tmp_path / "run", unequal)
    assert "Class balance: original</h3>" in write_report(run).read_text()
    (run / "recipe.yaml").write_text("balance: {name: augment_rare, strength: 0.5}\naugment: {flip: 0.5}\n")
    html = write_report(run).read_text()
    assert "Class balance: augment_rare, strength 0.5</h3>" in html
    assert "always augmented, never clean" in html


@pytest.mark.parametrize("text", ["unknown: 3\n", "- no recipe\n"])
def test_a_recipe_that_cannot_be_read_costs_the_table_alone(run: Path, text: str) -> None:
    assert part(run, text) is None
    assert "Class balance" not in write_report(run).read_text()


def test_without_training_images_there_is_none(tmp_path: Path, dots: Manifest) -> None:
    run = write_run(tmp_path / "run", dots.rows(dots.table["split"] != "train"))
    assert balance_part(read_run(run)) is None
