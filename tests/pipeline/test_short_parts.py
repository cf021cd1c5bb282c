from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hemascope.data.sources import open_source
from hemascope.errors import RunError
from hemascope.pipeline.short_parts import read_parts
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run

RECIPE = Recipe(input_size=16)
COUNTS = {"train": 24, "val": 8, "test": 8}


def write(folder: Path, splits: dict[str, int]) -> str:
    """Class folders a and b, within a folder for each split that has a name, of so many images a class."""
    generator = np.random.default_rng(0)
    for name, count in splits.items():
        for label in ("a", "b"):
            place = folder / name / label
            place.mkdir(parents=True)
            for i in range(count):
                pixels = generator.integers(0, 256, (16, 16, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(place / f"{i}.png")
    return str(folder)


@pytest.mark.parametrize("splits", [{"": 30}, {"train": 30}, {"train": 30, "val": 10}, {"train": 30, "test": 10}])
def test_a_test_part_is_kept_apart_where_the_source_names_none(splits: dict[str, int], tmp_path: Path) -> None:
    _, parts = read_parts(write(tmp_path / "cells", splits), RECIPE, **COUNTS)
    assert {name: len(part.targets) for name, part in parts.items()} == COUNTS
    images = np.concatenate([part.images for part in parts.values()])
    assert len(np.unique(images, axis=0)) == len(images)
    assert all(np.bincount(part.targets).min() >= 3 for part in parts.values())


def test_without_one_asked_for_only_the_sources_own_is_given(tmp_path: Path) -> None:
    source = write(tmp_path / "cells", {"train": 30, "val": 10})
    _, parts = read_parts(source, RECIPE, train=24, val=8)
    assert set(parts) == {"train", "val"}


def test_a_search_does_not_start_from_a_network_that_knows_what_it_scores(tmp_path: Path) -> None:
    source = write(tmp_path / "cells", {"": 30})
    manifest = open_source(source)
    run = Run.create(tmp_path / "run", RECIPE, manifest.with_columns(split=["train"] * len(manifest)), {})
    recipe = RECIPE.model_copy(update={"start": str(run.folder)})
    with pytest.raises(RunError, match=r"start: .*was trained on"):
        read_parts(source, recipe, **COUNTS)
