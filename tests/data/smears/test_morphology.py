from itertools import pairwise

import numpy as np
import pytest

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.smears.background import surround
from hemascope.data.smears.cell import packed, scattered
from hemascope.data.smears.morphology import DESCRIBE
from hemascope.data.smears.scene import Pigment
from hemascope.data.smears.shapes import bean, lobes, round_body


def test_every_class_is_described_under_its_own_name() -> None:
    assert tuple(DESCRIBE) == BLOOD_CLASSES
    for name, describe in DESCRIBE.items():
        assert describe(np.random.default_rng(0)).label == name


def test_only_platelets_have_no_nucleus() -> None:
    without = [name for name, describe in DESCRIBE.items() if describe(np.random.default_rng(0)).nucleus is None]
    assert without == ["platelet"]


def test_eosinophil_granules_are_large_red_and_beside_the_nucleus_basophil_granules_lie_over_it() -> None:
    (red,) = DESCRIBE["eosinophil"](np.random.default_rng(1)).granules
    purple, _ = DESCRIBE["basophil"](np.random.default_rng(1)).granules
    (fine,) = DESCRIBE["neutrophil"](np.random.default_rng(1)).granules
    assert red.pigment is Pigment.ACIDOPHILIA
    assert purple.pigment is Pigment.CHROMATIN
    assert red.over_nucleus < 0.1 < 0.5 < purple.over_nucleus
    assert red.discs[:, 2].mean() > 2 * fine.discs[:, 2].mean()


def test_red_cells_do_not_cover_the_cell() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        cell = DESCRIBE["lymphocyte"](rng)
        for red_cell in surround(cell, rng).red_cells:
            assert np.hypot(red_cell.x, red_cell.y) > cell.reach - 0.5 + red_cell.radius - 1e-9


def test_most_fields_show_red_cells() -> None:
    counts = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        counts.append(len(surround(DESCRIBE["monocyte"](rng), rng).red_cells))
    assert np.median(counts) >= 4


def test_round_bodies_keep_their_area_when_stretched() -> None:
    for stretch in (0.0, 2.0, 5.0):
        (limb,) = round_body(np.random.default_rng(2), 4.0, stretch=stretch).limbs
        length = np.hypot(limb.x1 - limb.x0, limb.y1 - limb.y0)
        assert np.pi * limb.radius**2 + 2 * limb.radius * length == pytest.approx(16 * np.pi)


def test_lobes_are_joined_one_to_the_next() -> None:
    shape = lobes(np.random.default_rng(3), 4, ring=3.0, size=1.6, strand=0.4)
    assert sum(limb.radius == 0.4 for limb in shape.limbs) == 3
    assert len(shape.limbs) == 7


def test_a_bean_is_one_unbroken_arc() -> None:
    limbs = bean(np.random.default_rng(3), width=1.5, bend=2.5, sweep=4.0).limbs
    for one, following in pairwise(limbs):
        assert (one.x1, one.y1) == (following.x0, following.y0)


def test_scattered_and_packed_granules_stay_where_they_belong() -> None:
    ring = scattered(np.random.default_rng(0), 500, 6.0, (0.1, 0.2), hollow=3.0)
    away = np.hypot(ring[:, 0], ring[:, 1])
    assert away.min() >= 3.0
    assert away.max() <= 6.0
    assert ring[:, 2].min() >= 0.1
    full = packed(np.random.default_rng(0), 0.7, 6.0, (0.3, 0.4))
    assert len(full) == pytest.approx(np.pi * 36 / (0.7**2 * np.sqrt(3) / 2), rel=0.1)
