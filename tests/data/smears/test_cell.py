from dataclasses import replace

import numpy as np
import pytest

from hemascope.data.smears.canvas import Canvas
from hemascope.data.smears.cell import lay
from hemascope.data.smears.morphology import DESCRIBE
from hemascope.data.smears.scene import Cell, Cytoplasm, Granules, Nucleus, Pigment
from hemascope.data.smears.shapes import Limb, Shape

CANVAS = Canvas.field(190)


def disc(x: float, y: float, radius: float) -> Shape:
    return Shape((Limb.disc(x, y, radius),), ruffle=0.0)


def laid(cell: Cell, under: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    layers = np.full((len(Pigment), *CANVAS.shape), under, np.float32)
    covered = lay(cell, layers, CANVAS, np.random.default_rng(0))
    return layers, covered


def plain(**changes: object) -> Cell:
    cytoplasm = Cytoplasm(disc(0, 0, 5.0), {Pigment.BASOPHILIA: 0.5}, mottle=0.0)
    return replace(Cell("lymphocyte", cytoplasm), **changes)  # type: ignore[arg-type]


def at(layer: np.ndarray, x: float, y: float) -> float:
    return float(layer[int((y / 19 + 0.5) * 190), int((x / 19 + 0.5) * 190)])


def test_a_plain_cell_covers_its_disc_and_holds_its_stain() -> None:
    layers, covered = laid(plain())
    assert covered.sum() * CANVAS.pixel**2 == pytest.approx(25 * np.pi, rel=0.01)
    assert at(layers[Pigment.BASOPHILIA], 3, 0) == pytest.approx(0.5)
    assert layers[:, covered == 0].max() == 0


def test_a_cell_pushes_aside_what_lay_there() -> None:
    layers, covered = laid(plain(), under=0.8)
    assert layers[Pigment.HAEMOGLOBIN][covered == 1].max() == 0
    np.testing.assert_allclose(layers[Pigment.HAEMOGLOBIN][covered == 0], 0.8)


def test_a_cell_lies_where_it_is_placed_even_across_the_border() -> None:
    _, covered = laid(plain(x=9.5, y=2.0))
    assert covered.sum() * CANVAS.pixel**2 == pytest.approx(25 * np.pi / 2, rel=0.02)
    assert np.average(CANVAS.y[:, 0], weights=covered.sum(1)) == pytest.approx(2, abs=0.05)
    assert laid(plain(x=40.0))[1].max() == 0


def test_a_nucleus_stays_inside_its_cell() -> None:
    layers, covered = laid(plain(nucleus=Nucleus(disc(4.0, 0, 3.0))))
    chromatin = layers[Pigment.CHROMATIN]
    assert at(chromatin, 3, 0) > 0.3
    assert chromatin[covered < 0.5].max() < 0.05


@pytest.mark.parametrize(("over", "hidden"), [(0.0, True), (1.0, False)])
def test_granules_lie_over_the_nucleus_only_where_they_may(over: float, hidden: bool) -> None:
    discs = np.array([(0.0, 0.0, 0.5), (0.0, 4.0, 0.5)])
    granules = Granules(discs, Pigment.AZUROPHILIA, 1.0, shade=0.0, over_nucleus=over)
    layers, _ = laid(plain(nucleus=Nucleus(disc(0, 0, 2.0)), granules=(granules,)))
    assert at(layers[Pigment.AZUROPHILIA], 0, 4) == pytest.approx(1, abs=0.01)
    assert at(layers[Pigment.AZUROPHILIA], 0, 0) == pytest.approx(0 if hidden else 1, abs=0.01)


def test_vacuoles_are_clear() -> None:
    cell = plain()
    holed = replace(cell, cytoplasm=replace(cell.cytoplasm, vacuoles=np.array([(2.0, 1.0, 0.8)])))
    layers, covered = laid(holed)
    assert at(layers.sum(0), 2, 1) < 0.1 * at(layers.sum(0), -2, 1)
    assert at(covered, 2, 1) == 1  # a hole in the stain, not in the cell


def test_the_halo_is_pale_beside_the_nucleus() -> None:
    cell = plain(nucleus=Nucleus(disc(0, 0, 2.0)))
    haloed = replace(cell, cytoplasm=replace(cell.cytoplasm, halo=0.5))
    blue = laid(haloed)[0][Pigment.BASOPHILIA]
    assert at(blue, 2.3, 0) < 0.75 * at(blue, 4.5, 0)


@pytest.mark.parametrize("name", list(DESCRIBE))
def test_no_class_leaves_negative_or_endless_pigment(name: str) -> None:
    for seed in range(5):
        layers, covered = laid(DESCRIBE[name](np.random.default_rng(seed)))
        assert layers.dtype == covered.dtype == np.float32
        assert np.isfinite(layers).all()
        assert layers.min() >= 0
        assert layers.max() < 6
        assert covered.min() >= 0
        assert covered.max() == 1
