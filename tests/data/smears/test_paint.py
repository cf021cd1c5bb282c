from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.smears import Smear, compose, draw, render
from hemascope.data.smears.stain import sample_light
from hemascope.errors import SourceError

SEEDS = st.integers(0, 2**40)
INDICES = st.integers(0, 10**7)


@pytest.fixture(scope="module")
def smears() -> list[Smear]:
    """Forty smears a class."""
    return [draw(11, index, 64) for index in range(40 * len(BLOOD_CLASSES))]


def of(smears: list[Smear], label: str) -> list[Smear]:
    return [smear for smear in smears if smear.label == label]


def test_the_same_seed_and_index_draw_the_same_image() -> None:
    one, same = draw(3, 14), draw(3, 14)
    np.testing.assert_array_equal(one.image, same.image)
    np.testing.assert_array_equal(one.mask, same.mask)


def test_other_seeds_and_indices_draw_other_images() -> None:
    images = [draw(seed, index).image for seed, index in ((3, 6), (4, 6), (3, 14), (6, 3))]
    for i, one in enumerate(images):
        for other in images[:i]:
            assert np.abs(one.astype(int) - other).mean() > 2


def test_drawing_leaves_the_global_random_state_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the global state is what is tested
    draw(0, 0)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_classes_take_turns_in_their_order() -> None:
    assert tuple(draw(5, index, 16).label for index in range(16)) == BLOOD_CLASSES * 2


@settings(max_examples=60, deadline=None)
@given(SEEDS, INDICES, st.sampled_from([16, 28, 96, 101]))
def test_every_image_is_whole_and_its_mask_is_one_piece_near_the_centre(seed: int, index: int, size: int) -> None:
    smear = draw(seed, index, size)
    assert smear.image.shape == (size, size, 3)
    assert smear.image.dtype == np.uint8
    assert smear.mask.shape == (size, size)
    assert smear.mask.dtype == bool
    assert smear.mask.any()
    assert smear.mask.mean() < 0.9
    pieces, count = ndimage.label(smear.mask, np.ones((3, 3)))
    assert np.bincount(pieces.ravel(), minlength=count + 1)[1:].max() >= 0.95 * smear.mask.sum()
    centre = np.argwhere(smear.mask).mean(0) / size
    assert np.abs(centre - 0.5).max() < 0.15


@settings(max_examples=25, deadline=None)
@given(SEEDS, INDICES)
def test_the_scene_does_not_depend_on_the_size(seed: int, index: int) -> None:
    large, small = draw(seed, index, 192), draw(seed, index, 96)
    gathered = large.image.reshape(96, 2, 96, 2, 3).mean((1, 3))
    assert np.abs(gathered - small.image).mean() < 3  # grey levels: the sensor's noise, and edges a little softer
    share = large.mask.reshape(96, 2, 96, 2).mean((1, 3))
    # An edge that passes a pixel's middle may fall on either side of it, by the last digit.
    assert ((share > 0.5) == small.mask)[share != 0.5].mean() > 0.999


@pytest.mark.parametrize("size", [28, 64, 224])
def test_finer_canvases_hold_the_same_scene(size: int) -> None:
    reference, other = draw(2, 6, 96), draw(2, 6, size)
    assert other.mask.mean() == pytest.approx(reference.mask.mean(), rel=0.04)
    np.testing.assert_allclose(other.image.mean((0, 1)), reference.image.mean((0, 1)), atol=2)


def test_sizes_of_the_cells_are_those_of_blood(smears: list[Smear]) -> None:
    area = {label: np.mean([smear.mask.mean() for smear in of(smears, label)]) for label in BLOOD_CLASSES}
    assert area["platelet"] < 0.15 * area["monocyte"]
    assert area["platelet"] == min(area.values())
    assert area["monocyte"] == max(area.values())
    assert area["erythroblast"] < area["neutrophil"]
    assert area["lymphocyte"] < area["neutrophil"]


def test_the_nucleus_is_dark_and_the_glass_is_bright(smears: list[Smear]) -> None:
    for smear in smears:
        grey = smear.image.mean(-1)
        glass = np.percentile(grey[~smear.mask], 90)
        assert glass > 190, smear.label
        darkest = np.percentile(grey[smear.mask], 10)
        assert darkest < (0.75 if smear.label == "platelet" else 0.62) * glass, smear.label


def test_a_cell_is_darker_than_what_surrounds_it(smears: list[Smear]) -> None:
    for smear in smears:
        grey = smear.image.mean(-1)
        assert grey[smear.mask].mean() < grey[~smear.mask].mean() - 15, smear.label


def test_the_nucleus_is_purple_and_eosinophils_are_red(smears: list[Smear]) -> None:
    for smear in of(smears, "lymphocyte"):
        red, green, blue = smear.image[smear.mask].astype(float).mean(0)
        assert green < red < blue
    redness = {
        label: np.mean(
            [np.median(s.image[s.mask][:, 0].astype(float) - s.image[s.mask][:, 2]) for s in of(smears, label)]
        )
        for label in BLOOD_CLASSES
    }
    assert redness["eosinophil"] == max(redness.values())


def test_simple_measures_of_the_cell_tell_the_classes_apart(smears: list[Smear]) -> None:
    def measures(smear: Smear) -> list[float]:
        pixels = smear.image[smear.mask].astype(float)
        dark = pixels.mean(1) < 120
        return [smear.mask.sum(), dark.mean(), *pixels.mean(0), *pixels.std(0), *np.percentile(pixels, 80, axis=0)]

    table = np.array([measures(smear) for smear in smears])
    labels = np.array([smear.label for smear in smears])
    half = np.arange(len(labels)) < len(labels) // 2
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(table[half], labels[half])
    assert model.score(table[~half], labels[~half]) > 0.75  # chance: 0.125


def test_the_background_gives_no_class_away(smears: list[Smear]) -> None:
    # What lies in the corners must not tell the class: the border's colours alone stay at chance.
    table = np.array([np.percentile(smear.image[:6].reshape(-1, 3), [10, 50, 90], axis=0).ravel() for smear in smears])
    labels = np.array([smear.label for smear in smears])
    half = np.arange(len(labels)) < len(labels) // 2
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(table[half], labels[half])
    assert model.score(table[~half], labels[~half]) < 0.3


def test_light_is_drawn_before_the_class() -> None:
    neutrophil = compose(0, 6).light
    assert 200 < neutrophil.white.mean() <= 260
    # Another class under the same generator has the same light: it is drawn first.
    rng = np.random.default_rng([0, 6])
    np.testing.assert_array_equal(sample_light(rng).white, neutrophil.white)


def test_the_mask_is_where_the_cell_was_drawn() -> None:
    scene = compose(1, 4)
    scene = replace(scene, light=replace(scene.light, noise=0.0))
    elsewhere = replace(scene, cell=replace(scene.cell, x=scene.cell.x + 1.0))
    before, after = render(scene), render(elsewhere)
    moved = np.argwhere(after.mask).mean(0) - np.argwhere(before.mask).mean(0)
    np.testing.assert_allclose(moved, (0, 96 / 19), atol=0.8)  # the ruffles stay with the field
    changed = np.abs(before.image.astype(int) - after.image).max(-1) > 25
    near = ndimage.binary_dilation(before.mask | after.mask, iterations=2)
    assert changed.sum() > 300
    assert not (changed & ~near).any()


@pytest.mark.parametrize(("seed", "index", "size"), [(-1, 0, 96), (0, -1, 96), (0, 0, 15)])
def test_impossible_requests_say_what_to_do(seed: int, index: int, size: int) -> None:
    with pytest.raises(SourceError, match="synthetic smear") as caught:
        draw(seed, index, size)
    assert caught.value.remedy
