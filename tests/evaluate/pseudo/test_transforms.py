import numpy as np
import pytest

from hemascope.errors import HemascopeError
from hemascope.evaluate.pseudo.transforms import choose_transforms, single_operations


@pytest.mark.parametrize("name", ["wide", "rand", "fixed", "shift", "quick"])
def test_same_seed_same_pixels(name, greys):
    (transform,) = choose_transforms(name)
    images = greys[0][:6]
    before = images.copy()
    once = transform(images, seed=3, copy=1, place=64)
    assert (once.shape, once.dtype) == (images.shape, np.uint8)
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(once, transform(images, seed=3, copy=1, place=64))
    for other in ({"seed": 4, "copy": 1, "place": 64}, {"seed": 3, "copy": 2, "place": 64}, {"seed": 3, "copy": 1}):
        assert (once != transform(images, **other)).any()


def test_no_copy_of_a_policy_stays_clean(greys):
    (wide,) = choose_transforms("wide")
    copies = wide(greys[0], seed=0)
    assert (copies != greys[0]).any(axis=(1, 2, 3)).all()


def test_operations_alone_at_the_greatest_strength():
    found = {part.name: part for part in single_operations(choose_transforms("wide,rand"))}
    assert len(found) == 29
    assert found["stain"].policy.stain == pytest.approx(0.6 * 0.25)  # RandAugment's is above wide's 0.06
    assert found["pixelate"].policy.pixelate == 0.75  # wide's is above RandAugment's 0.6 x 0.85
    assert found["zoom"].policy.zoom == pytest.approx(1.5**0.6)
    assert found["stain"].policy.strengths.keys() == {"stain"}
    assert found["stain"].title == "Stain 0.15"
    assert {part.name for part in single_operations(choose_transforms("fixed"))} == {"rotation", "flip"}


def test_the_shift_suite_is_taken_apart_too():
    found = single_operations(choose_transforms("shift"))
    assert len(found) == 24
    assert found[0].title == "Shift suite: Pixelate"


def test_a_recipe_is_a_policy(tmp_path):
    (tmp_path / "mine.yaml").write_text("augment: {clean: 0.9, hue: 20}\n")
    (transform,) = choose_transforms(str(tmp_path / "mine.yaml"))
    assert transform.policy is not None
    assert transform.policy.clean == 0
    assert transform.policy.hue == 20


@pytest.mark.parametrize(
    ("names", "said"), [("snow", "'snow' is no policy"), ("none", "changes nothing"), (" ,", "no policy is named")]
)
def test_what_cannot_be_chosen(names, said):
    with pytest.raises(HemascopeError, match=said):
        choose_transforms(names)
