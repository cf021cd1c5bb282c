"""From pigment to picture: stain, light, lens and sensor.

Colours are composed as optical densities, which add up where pigments overlap (Beer and Lambert's law, as Ruifrok
and Johnston 2001 use it for stained tissue): light = white * exp(-sum of densities).
"""

import numpy as np

from hemascope.data.smears.canvas import Canvas
from hemascope.data.smears.scene import FIELD, Light, Pigment

DENSITIES = np.array(
    [
        (1.42, 2.35, 0.50),  # chromatin
        (0.80, 0.72, 0.23),  # basophilia
        (0.20, 0.68, 0.53),  # acidophilia
        (0.60, 1.45, 0.40),  # azurophilia
        (0.17, 0.24, 0.18),  # haemoglobin
    ],
    np.float32,
)
"""Optical density (natural logarithm) in red, green and blue of each pigment at amount 1, as May-Grünwald-Giemsa
shows them on the images of Acevedo et al. 2020 (5, 3)."""


def sample_light(rng: np.random.Generator) -> Light:
    """Stain and light of one slide, drawn from the same distribution for every class."""
    warmth = rng.beta(4, 1.6)  # 1: the cream white of a halogen lamp, 0: the neutral white of an LED
    cream, neutral = np.array([254.0, 228.0, 202.0]), np.array([250.0, 246.0, 243.0])
    exposure = min(rng.normal(1.0, 0.015), 1.02)
    overall = rng.normal(0, 0.08)
    return Light(
        strength=np.exp(overall + rng.normal(0, 0.07, len(Pigment))),
        hue=np.exp(rng.normal(0, 0.025, (1, 3)) + rng.normal(0, 0.02, (len(Pigment), 3))),
        white=(neutral + warmth * (cream - neutral)) * exposure,
        slope=(rng.normal(0, 0.0012), rng.normal(0, 0.0012)),
        vignette=float(rng.uniform(0, 0.03)),
        defocus=float(0.06 + rng.gamma(1.2, 0.025)),
        noise=float(rng.uniform(0.8, 2.2)),
    )


def develop(layers: np.ndarray, light: Light, canvas: Canvas, size: int, rng: np.random.Generator) -> np.ndarray:
    """The photograph of ``layers`` (5, h, w): uint8 RGB (size, size, 3)."""
    densities = DENSITIES * (light.strength[:, None] * light.hue).astype(np.float32)
    absorbed = np.tensordot(densities.T, layers, 1)
    gather = _lens(canvas.pixels, size, light.defocus)
    seen = gather @ np.exp(-absorbed) @ gather.T
    seen *= light.white.astype(np.float32)[:, None, None] * _illumination(light, Canvas.field(size))
    seen += np.float32(light.noise) * rng.standard_normal(seen.shape, dtype=np.float32)
    return np.clip(seen + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0).copy()


def _illumination(light: Light, canvas: Canvas) -> np.ndarray:
    """Relative brightness of empty glass, float32 (h, w)."""
    corner = (canvas.x * canvas.x + canvas.y * canvas.y) * (2 / FIELD**2)
    return 1 + light.slope[0] * canvas.x + light.slope[1] * canvas.y - light.vignette * corner


def _lens(pixels: int, size: int, defocus: float) -> np.ndarray:
    """Weight of each canvas pixel in each image pixel along one axis, float32 (size, pixels), rows sum to 1."""
    place = (np.arange(pixels) + 0.5) / pixels * FIELD
    centre = (np.arange(size) + 0.5) / size * FIELD
    distance = place - centre[:, None]
    half = FIELD / size / 2
    # A Gaussian point spread seen by a square pixel, the square taken as a logistic edge on both of its sides.
    width = max(defocus, 0.02) * np.sqrt(3) / np.pi
    weights = np.tanh((distance + half) / (2 * width)) - np.tanh((distance - half) / (2 * width))
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)
