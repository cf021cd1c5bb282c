"""Low frequencies of windowed images: what the search compares first.

The magnitudes of a spectrum do not change when an image is shifted, and averaged over the square's turns they do not
change when it is turned or mirrored either; so one short vector finds a copy however it lies. Magnification is not
undone but tried: a copy cropped to 95% looks like the original's central 95%.
"""

import numpy as np
from scipy import fft

from hemascope.audit.duplicates.grid import gaussian, luminance

ZOOMS = (1.0, 1 / 0.95, 1 / 0.9)
FREQUENCIES = 10  # 0 .. 9 periods an image: structures down to a twentieth of it
_SAMPLES = 32
_BLOCK = 256
_ORDER = np.r_[0:FREQUENCIES, 1 - FREQUENCIES : 0]
_FREQUENCY = np.hypot(_ORDER[:, None], np.arange(FREQUENCIES))
RADIUS = np.where(_FREQUENCY < FREQUENCIES, _FREQUENCY, 0).astype(np.float32)
"""Distance of a frequency from 0, float32 (2 f - 1, f); 0 beyond the circle that is used."""


def spectra(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Low frequencies of the luminance, at several magnifications.

    Args:
        images: uint8 (n, s, s, 3).
        rows: int64 (m,), which of them.

    Returns:
        complex64 (zooms, m, 2 f - 1, f): rows are frequencies 0, 1, .., -2, -1, columns 0, 1, ..; phases are about
        the image's centre, so that a mirrored image has the mirrored spectrum.
    """
    window = np.hanning(_SAMPLES + 2)[1:-1].astype(np.float32)
    window = np.outer(window, window)
    centre = np.exp(2j * np.pi * _ORDER * (_SAMPLES - 1) / 2 / _SAMPLES).astype(np.complex64)
    phase = np.outer(centre, centre[:FREQUENCIES])
    result = np.empty((len(ZOOMS), len(rows), len(_ORDER), FREQUENCIES), np.complex64)
    for start in range(0, len(rows), _BLOCK):
        light = luminance(images[rows[start : start + _BLOCK]])
        for found, zoom in zip(result, ZOOMS, strict=True):
            matrix = gaussian(images.shape[1], _SAMPLES, 0.6, zoom)
            small = matrix @ light @ matrix.T
            small -= (small * window).sum(axis=(1, 2), keepdims=True) / window.sum()
            found[start : start + _BLOCK] = fft.rfft2(small * window)[:, _ORDER, :FREQUENCIES] * phase
    return result


def descriptors(spectra: np.ndarray) -> np.ndarray:
    """Vectors of unit length that no shift, turn or mirroring changes.

    Args:
        spectra: complex64 (n, 2 f - 1, f), as of `spectra` at one magnification.

    Returns:
        float32 (n, d): square roots of magnitudes, the higher frequencies weighted up as they are weaker in nature.
    """
    size = np.sqrt(np.abs(spectra))
    plus, minus = size[:, :FREQUENCIES], size[:, -np.arange(FREQUENCIES)]
    both = plus + minus
    both = both + both.swapaxes(1, 2)
    one, other = np.triu_indices(FREQUENCIES)
    radius = RADIUS[one, other]
    vectors = both[:, one, other][:, radius > 0] * radius[radius > 0]
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))
