"""Which zoom is chosen, of probabilities that are made up."""

import numpy as np
import pytest

from hemascope.adapt.choice import ZOOMS, choose, effective_classes

N, K = 200, 4
ONE = ZOOMS.index(1)


def said(sure: dict[float, float], spread: float = 0.05, seed: int = 0) -> np.ndarray:
    """Probabilities whose label is the same class at all zooms, all classes alike, and of this mean confidence."""
    rng = np.random.default_rng(seed)
    top = np.clip([rng.normal(sure.get(zoom, 0.7), spread, N) for zoom in ZOOMS], 0.4, 0.99)
    found = np.repeat(((1 - top) / (K - 1))[:, :, None], K, axis=2)
    np.put_along_axis(found, np.broadcast_to(np.arange(N) % K, top.shape)[:, :, None], top[:, :, None], axis=2)
    return found.astype(np.float32)


@pytest.mark.parametrize("zoom", [0.6, 0.85, 1.3, 1.8])
def test_where_the_model_is_surest(zoom: float) -> None:
    found = choose(said({zoom: 0.8}))
    assert found.zoom == zoom
    assert found.zooms == ZOOMS
    assert found.confidences[ZOOMS.index(zoom)] == pytest.approx(0.8, abs=0.01)
    assert found.sentence == f"Zoom {zoom:g}: {found.reason}."
    risen = f"rises from {found.confidences[ONE]:.1%} to {max(found.confidences):.1%}"
    assert found.reason == f"the mean confidence {risen}"


def test_none_where_it_is_surest_of_them_as_they_are() -> None:
    found = choose(said({1.0: 0.8}))
    assert found.zoom == 1
    assert found.sentence.startswith("No zoom: the model is nowhere clearly surer")


def test_none_where_it_is_surer_by_a_trifle_or_by_chance() -> None:
    assert choose(said({1.3: 0.708}, spread=0.01)).zoom == 1
    few = said({1.3: 0.75}, spread=0.2)[:, :32]
    assert max(choose(few).confidences) - choose(few).confidences[ONE] > 0.03
    assert choose(few).zoom == 1


def test_none_where_the_cells_fall_into_one_class() -> None:
    found = said({1.3: 0.8})
    for place in range(ONE + 1, len(ZOOMS)):
        found[place] = 0.9 * np.eye(K)[0] + 0.025
        found[place, :20] = 0.9 * np.eye(K)[np.arange(20) % K] + 0.025
    chosen = choose(found)
    assert chosen.zoom == 1
    assert "fewer classes" in chosen.reason


def test_none_where_the_zooms_beside_it_say_otherwise() -> None:
    found = said({1.3: 0.8})
    place = ZOOMS.index(1.3)
    found[place] = np.roll(found[place], 1, axis=1)
    chosen = choose(found)
    assert chosen.zoom == 1
    assert "otherwise at the zooms beside it" in chosen.reason


def test_effective_classes() -> None:
    assert effective_classes(np.zeros(5, int)) == 1
    assert effective_classes(np.arange(8)) == pytest.approx(8)
