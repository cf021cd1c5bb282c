"""Training keeps near duplicates on one side of every split."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hemascope.data.manifest import Manifest
from hemascope.data.smears import draw
from hemascope.pipeline.train import train
from tests.networks import TINY_NETWORK
from tests.pipeline.conftest import quick_finish
from tests.told import Told

__all__ = ["quick_finish"]

pytestmark = pytest.mark.usefixtures("quick_finish")  # it is the splits that are looked at

IMAGES = 64
COPIES = 12
QUICK = ["epochs=1", "input_size=32", "batch_size=16", "fractions=[0.5,0.25,0.25]", *TINY_NETWORK]


def save(image: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def trained(source: Path) -> tuple[Manifest, str]:
    told = Told()
    run = train(source, "demo", set=QUICK, output=source.parent / "run", progress=told)
    manifest = run.manifest()
    names = manifest.table["path"].map(lambda path: Path(path).name)
    return manifest.with_columns(path=names), "\n".join(told.said)


def test_a_copy_lands_where_its_original_is(tmp_path: Path) -> None:
    for index in range(IMAGES):
        smear = draw(1, index)
        save(smear.image, tmp_path / "cells" / smear.label / f"{index}.png")
        if index < COPIES:
            save(np.rot90(smear.image, index % 3 + 1), tmp_path / "cells" / smear.label / f"copy of {index}.png")
    manifest, said = trained(tmp_path / "cells")
    assert f"near duplicates: {2 * COPIES} images in {COPIES} groups, kept on one side of every split" in said
    split = dict(zip(manifest.table["path"], manifest.table["split"], strict=True))
    assert len(set(split.values())) == 3
    for index in range(COPIES):
        assert split[f"copy of {index}.png"] == split[f"{index}.png"]


def test_a_copy_of_an_image_kept_for_scoring_is_left_out_of_official_training(tmp_path: Path) -> None:
    for index in range(IMAGES):
        smear = draw(1, index)
        part = "val" if index >= 48 else "train"
        save(smear.image, tmp_path / "cells" / part / smear.label / f"{index}.png")
        if index >= 60:
            save(smear.image[::-1], tmp_path / "cells" / "train" / smear.label / f"copy of {index}.png")
    manifest, said = trained(tmp_path / "cells")
    dropped = manifest.table["path"][manifest.table["verdict"] == "drop"]
    assert sorted(dropped) == [f"copy of {index}.png" for index in range(60, IMAGES)]
    assert "left out: 4, a copy of an image kept in val" in said


def test_nothing_is_said_where_there_is_none(tmp_path: Path) -> None:
    for index in range(IMAGES):
        smear = draw(1, index)
        save(smear.image, tmp_path / "cells" / smear.label / f"{index}.png")
    _, said = trained(tmp_path / "cells")
    assert "near duplicates" not in said
