import numpy as np
import pytest
from PIL import Image

from hemascope.augment.policy import Policy
from hemascope.data.manifest import Manifest
from hemascope.errors import SourceError
from hemascope.evaluate.pseudo.transforms import choose_transforms, of_policy
from hemascope.evaluate.pseudo.validate import labelled_pixels, pseudo_validate
from tests.progress import Told

DARKER = of_policy("darker", "Darker", Policy(brightness=0.9, flip=0.5))


def test_brightness_costs_what_a_mirror_does_not(model, greys):
    told = Told()
    result = pseudo_validate(model, *greys, [DARKER], copies=4, split="val", progress=told)
    assert result.score("clean").value == 1
    assert 0.5 < result.score("copies").value < 0.95
    alone = result.of("operation")
    assert alone["name"].tolist() == ["brightness", "flip"]
    assert alone["drop"].iloc[0] > 0.1
    assert alone["drop_low"].iloc[0] > 0
    assert alone["drop"].iloc[1] == 0
    assert (result.images, result.copies, result.side, result.split) == (70, 4, 32, "val")
    assert told.steps == [("pseudo-validation", 70 * (1 + 4 + 2))]
    assert told.counts[-1] == 70 * (1 + 4 + 2)
    assert result.copy_hits.mean() == pytest.approx(result.score("copies").value, abs=1e-6)
    assert result.clean_hits.tolist() == [1] * 70


def test_copies_take_turns_and_the_same_seed_gives_the_same_result(model, greys):
    transforms = choose_transforms("wide,shift")
    options = {"copies": 3, "operations": False}
    once = pseudo_validate(model, *greys, transforms, **options)
    again = pseudo_validate(model, *greys, transforms, **options)
    assert once.table.equals(again.table)
    assert once.table["kind"].tolist() == ["clean", "copies", "averaged", "transform", "transform"]
    by_transform = once.of("transform").set_index("name")["accuracy"]
    expected = (2 * by_transform["wide"] + by_transform["shift"]) / 3
    assert once.score("copies").value == pytest.approx(expected, abs=1e-6)
    assert (
        pseudo_validate(model, *greys, transforms, **options, seed=1).table["accuracy"].ne(once.table["accuracy"]).any()
    )


def test_averaging_mends_what_few_copies_get_wrong(model, greys):
    result = pseudo_validate(model, *greys, [of_policy("b", "B", Policy(brightness=0.5))], copies=25, operations=False)
    assert result.score("averaged").value > result.score("copies").value


def test_fewer_copies_than_transforms(model, greys):
    result = pseudo_validate(model, *greys, choose_transforms("fixed,rand"), copies=1, operations=False)
    assert result.of("transform")["name"].tolist() == ["fixed"]
    assert np.isfinite(result.table["accuracy"]).all()


def test_only_what_has_a_known_label_and_can_be_read(tmp_path):
    for i in range(4):
        Image.fromarray(np.full((20, 30, 3), 50 * i, np.uint8)).save(tmp_path / f"{i}.png")
    (tmp_path / "3.png").write_bytes(b"broken")
    labels = ["light", "dark", "other", "dark"]
    source = Manifest.build([str(tmp_path / f"{i}.png") for i in range(4)], labels, ("dark", "light", "other"))
    images, targets = labelled_pixels(source, ("dark", "light"), side=28)
    assert images.shape == (2, 28, 28, 3)
    assert images[:, 0, 0, 0].tolist() == [0, 50]
    assert targets.tolist() == [1, 0]
    with pytest.raises(SourceError, match="none of its images"):
        labelled_pixels(source, ("else",))
