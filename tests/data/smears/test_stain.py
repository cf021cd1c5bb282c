from dataclasses import replace

import numpy as np
import pytest

from hemascope.data.smears.canvas import Canvas
from hemascope.data.smears.scene import Light, Pigment
from hemascope.data.smears.stain import DENSITIES, develop, sample_light

EVEN = Light(np.ones(5), np.ones((5, 3)), np.array([250.0, 240.0, 230.0]), (0.0, 0.0), 0.0, 0.1, 0.0)


def picture(layers: np.ndarray, light: Light, size: int = 48) -> np.ndarray:
    return develop(layers, light, Canvas.field(layers.shape[-1]), size, np.random.default_rng(0))


def test_every_pigment_has_its_density() -> None:
    assert DENSITIES.shape == (len(Pigment), 3)
    assert (DENSITIES > 0).all()


def test_empty_glass_is_white_as_the_light() -> None:
    assert np.unique(picture(np.zeros((5, 96, 96), np.float32), EVEN).reshape(-1, 3), axis=0).tolist() == [
        [250, 240, 230]
    ]


def test_densities_add_up_by_the_law_of_beer_and_lambert() -> None:
    layers = np.zeros((5, 96, 96), np.float32)
    layers[Pigment.BASOPHILIA], layers[Pigment.HAEMOGLOBIN] = 0.5, 1.0
    expected = EVEN.white * np.exp(-(0.5 * DENSITIES[Pigment.BASOPHILIA] + DENSITIES[Pigment.HAEMOGLOBIN]))
    np.testing.assert_allclose(picture(layers, EVEN).reshape(-1, 3).mean(0), expected, atol=0.51)


def test_defocus_softens_an_edge_and_keeps_the_light() -> None:
    layers = np.zeros((5, 192, 192), np.float32)
    layers[Pigment.CHROMATIN, :, :96] = 1
    sharp, soft = (picture(layers, replace(EVEN, defocus=defocus), 96).astype(float) for defocus in (0.05, 0.8))
    assert np.abs(np.diff(soft, axis=1)).max() < 0.5 * np.abs(np.diff(sharp, axis=1)).max()
    assert soft.mean() == pytest.approx(sharp.mean(), abs=1)


def test_light_falls_off_along_its_slope_and_into_the_corners() -> None:
    glass = np.zeros((5, 96, 96), np.float32)
    slanted = picture(glass, replace(EVEN, slope=(-0.01, 0.0))).astype(float)
    assert slanted[:, 0].mean() > slanted[:, -1].mean() + 20
    vignetted = picture(glass, replace(EVEN, vignette=0.2)).astype(float)
    assert vignetted[0, 0].mean() == pytest.approx(0.8 * vignetted[24, 24].mean(), rel=0.02)


def test_noise_has_the_deviation_asked_for() -> None:
    glass = np.zeros((5, 96, 96), np.float32)
    noisy = picture(glass, replace(EVEN, white=np.full(3, 128.0), noise=3.0), 96)
    assert noisy.std() == pytest.approx(3, rel=0.05)


def test_light_varies_from_slide_to_slide() -> None:
    lights = [sample_light(np.random.default_rng(i)) for i in range(200)]
    assert np.std([light.white[2] for light in lights]) > 4
    assert 0.05 < np.std([light.strength[0] for light in lights]) < 0.3
    assert min(light.defocus for light in lights) >= 0.06
