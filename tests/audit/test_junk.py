"""The embedded network on synthetic and real cells and on what is none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hemascope.audit.features import CLASSES, SIZE, auditor
from hemascope.audit.junk import check_junk, outlyingness
from hemascope.data.foreign import drawing, empty_field, texture, writing
from hemascope.data.pixels import load_pixels
from hemascope.data.smears.paint import draw
from hemascope.data.sources import open_source


@pytest.fixture(scope="module")
def cells() -> np.ndarray:
    return np.stack([draw(11, i, SIZE).image for i in range(80)])


def called(images: np.ndarray) -> np.ndarray:
    scores, findings = check_junk(auditor().probabilities(images), np.zeros(len(images)))
    found = np.zeros(len(images), bool)
    found[[finding.row for finding in findings]] = True
    np.testing.assert_array_equal(found, np.maximum(scores["junk"], scores["blank"]) >= 0.5)
    return found


@pytest.mark.parametrize("make", [drawing, writing, texture, empty_field])
def test_pictures_without_a_cell_are_found_among_cells(
    cells: np.ndarray, make: Callable[[np.random.Generator, int], np.ndarray]
) -> None:
    rng = np.random.default_rng(99)
    found = called(np.concatenate([cells, np.stack([make(rng, SIZE) for _ in range(20)])]))
    assert found[80:].mean() >= 0.9
    assert found[:80].mean() <= 0.02


def test_real_cells_are_left_alone_and_inverted_ones_are_not(pbc: Path) -> None:
    manifest = open_source(pbc / "val")
    images = load_pixels(manifest.rows(np.arange(0, len(manifest), 8)), SIZE).images
    assert called(images).mean() <= 0.01
    mixed = images.copy()
    mixed[::10] = 255 - mixed[::10]
    assert called(mixed)[::10].mean() >= 0.9


def test_the_limit_follows_a_set_that_looks_strange_as_a_whole() -> None:
    rng = np.random.default_rng(0)
    odds = np.concatenate([rng.normal(4, 0.5, 300), [14.0]])  # all of it above the fixed limit; one stands out
    junk = 1 / (1 + np.exp(-odds))
    shows = np.stack([1 - junk, junk * 0.8, junk * 0.2], axis=1)
    assert CLASSES == ("cell", "junk", "blank")
    _, findings = check_junk(shows, np.zeros(len(shows)))
    assert [(f.row, f.kind) for f in findings] == [(300, "junk")]


def test_each_finding_has_one_kind_and_unreadable_images_have_none() -> None:
    shows = np.full((40, 3), [0.98, 0.01, 0.01], np.float32)
    shows[0], shows[1], shows[2] = [0, 0.1, 0.9], [0, 0.9, 0.1], np.nan
    scores, findings = check_junk(shows, np.where(np.arange(40) == 2, np.nan, 0.0))
    assert [(f.row, f.kind) for f in findings] == [(0, "blank"), (1, "junk")]
    assert scores["blank"][0] > 0.99
    assert scores["junk"][2] == scores["blank"][2] == 0


def test_an_image_unlike_all_others_is_junk_whatever_the_network_says() -> None:
    shows = np.tile(np.array([0.99, 0.008, 0.002], np.float32), (60, 1))
    outlyingness = np.zeros(60)
    outlyingness[7] = 12.0
    _, findings = check_junk(shows, outlyingness)
    assert [(f.row, f.kind, f.reason) for f in findings] == [(7, "junk", "is unlike all other images of the set")]


def test_a_lone_image_is_stranger_than_a_crowd_and_than_its_copies_allow() -> None:
    rng = np.random.default_rng(0)
    embedding = rng.normal(0, 1, (200, 10)).astype(np.float32)
    embedding[3] += 60
    embedding[4] = embedding[3]  # one copy does not make it usual
    z = outlyingness(embedding, np.arange(199))
    assert z[[3, 4]].min() > 10
    assert np.abs(np.delete(z, [3, 4, 199])).max() < 6
    assert np.isnan(z[199])


def test_a_handful_of_images_has_no_strangers() -> None:
    assert np.isnan(outlyingness(np.zeros((4, 2), np.float32), np.arange(4))).all()
