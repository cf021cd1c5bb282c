"""Which images are alike enough to be looked at as pairs: the few nearest by descriptor, then by their spectra."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import fft
from threadpoolctl import threadpool_limits

from hemascope.audit.disk import Array, zeros
from hemascope.audit.duplicates.squares import TURNS, gaussian, luminance, turned_spectra
from hemascope.audit.neighbours import Block, Neighbours
from hemascope.cores import usable_cores
from hemascope.progress import SILENT, Progress

if TYPE_CHECKING:
    from hemascope.audit.spread import Spread

ZOOMS = (1.0, 1 / 0.95, 1 / 0.9)
FREQUENCIES = 10  # 0 .. 9 periods an image: structures down to a twentieth of it
_SAMPLES = 32
_AT_ONCE = 256
_ORDER = np.r_[0:FREQUENCIES, 1 - FREQUENCIES : 0]
_FREQUENCY = np.hypot(_ORDER[:, None], np.arange(FREQUENCIES))
RADIUS = np.where(_FREQUENCY < FREQUENCIES, _FREQUENCY, 0).astype(np.float32)
"""Distance of a frequency from 0, float32 (2 f - 1, f); 0 beyond the circle that is used."""


def spectra(images: Array, rows: np.ndarray, folder: Path | None = None) -> Array:
    """Low frequencies of the luminance, at several magnifications.

    Args:
        images: uint8 (n, s, s, 3).
        rows: int64 (m,), which of them.
        folder: for the result, where others read it too.

    Returns:
        complex64 (m, zooms, 2 f - 1, f): rows are frequencies 0, 1, .., -2, -1, columns 0, 1, ..; phases are about
        the image's centre, so that a mirrored image has the mirrored spectrum.
    """
    window = np.hanning(_SAMPLES + 2)[1:-1].astype(np.float32)
    window = np.outer(window, window)
    centre = np.exp(2j * np.pi * _ORDER * (_SAMPLES - 1) / 2 / _SAMPLES).astype(np.complex64)
    phase = np.outer(centre, centre[:FREQUENCIES])
    result = zeros((len(rows), len(ZOOMS), len(_ORDER), FREQUENCIES), np.complex64, folder=folder)

    def transform(start: int) -> None:
        light = luminance(images[rows[start : start + _AT_ONCE]])
        for number, zoom in enumerate(ZOOMS):
            matrix = gaussian(images.shape[1], _SAMPLES, 0.6, zoom)
            small = matrix @ light @ matrix.T
            small -= (small * window).sum(axis=(1, 2), keepdims=True) / window.sum()
            result[start : start + _AT_ONCE, number] = fft.rfft2(small * window)[:, _ORDER, :FREQUENCIES] * phase

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(usable_cores()) as pool:
        list(pool.map(transform, range(0, len(rows), _AT_ONCE)))
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


class Pairs(NamedTuple):
    """Pairs to compare: row positions, and the number of the second's magnification; int64 (m,) each."""

    first: np.ndarray
    second: np.ndarray
    zoom: np.ndarray


_NEAREST = 8  # looked at for each image and magnification: bounds time and memory however alike the images are
_FARTHEST = 0.11  # between descriptors; copies of real cells lie nearer, but for rotations by more than 5°
_LEAST = 0.87  # correlation of the spectra; some 8,000 pairs among 13,671 real cells reach it, and nearly all copies
_SHIFTS = np.linspace(-0.1, 0.1, 15)  # tried along either side, as a share of it
_BLOCK = 256
_ROUNDED = 1e-4  # of a correlation: more than float32 rounds off
_WHOLE = len(_ORDER), len(_ORDER)
_TURNED = turned_spectra(np.arange(len(_ORDER) ** 2).reshape(1, *_WHOLE))[0, :, :, :FREQUENCIES]
"""Where in a whole spectrum its frequencies lie after each of the eight turns, int64 (8, 2 f - 1, f)."""


@dataclass(frozen=True)
class Candidates:
    """Pairs that may be near duplicates; arrays of one length, by their first.

    Attributes:
        first: int64, row positions.
        second: int64, row positions.
        zoom: float64, magnification of the second that makes it most like the first.
        turn: int64, the turn of the second, as of `turned`.
        shift: float64 (m, 2), x and y: how far the second, so magnified and turned, must be moved, in sides.
    """

    first: np.ndarray
    second: np.ndarray
    zoom: np.ndarray
    turn: np.ndarray
    shift: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    def __iter__(self) -> Iterator[tuple[int, int, int, float, np.ndarray]]:
        """First, second, turn, zoom and shift of each."""
        return zip(*(x.tolist() for x in (self.first, self.second, self.turn, self.zoom)), self.shift, strict=True)


def candidates(spectra: Array) -> Candidates:
    """Look every image's nearest up and keep those that are alike.

    Args:
        spectra: complex64 (n, zooms, 2 f - 1, f), as of `hemascope.audit.duplicates.candidates.spectra`.
    """
    return alike(spectra, nearest(spectra))


def alike(spectra: Array, pairs: Pairs, threads: int | None = None) -> Candidates:
    """Those of some pairs whose spectra are alike after a turn and a shift.

    Args:
        spectra: as of `candidates`.
        pairs: as of `nearest`.
        threads: one a core where not given.
    """
    first, second, zoom = pairs

    def compare(part: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return _correlation(spectra[first[part], 0], spectra[second[part], zoom[part]])

    blocks = np.split(np.arange(len(first)), range(_BLOCK, len(first), _BLOCK))
    with ThreadPoolExecutor(threads or usable_cores()) as pool:
        parts = list(pool.map(compare, blocks))
    likeness, turn, place = (np.concatenate(values) for values in zip(*parts, strict=True))
    keep = np.flatnonzero(likeness >= _LEAST)
    keep = keep[np.argsort(first[keep], kind="stable")]
    shift = np.stack([_SHIFTS[place // len(_SHIFTS)], _SHIFTS[place % len(_SHIFTS)]], axis=1)
    return Candidates(first[keep], second[keep], np.array(ZOOMS)[zoom[keep]], turn[keep], shift[keep])


def nearest(spectra: Array, spread: Spread | None = None) -> Pairs:
    """Every image with its few nearest; every pair once, at the magnification at which it is nearest.

    Args:
        spectra: as of `candidates`.
        spread: over which machines; without, here.
    """
    n = len(spectra)
    vectors = _described(spectra)
    index = Neighbours(vectors[0])
    blocks = [(zoom, block) for zoom, queries in enumerate(vectors) for block in index.blocks(queries)]
    if spread is None:
        found = [look_up(index, vectors, block) for block in blocks]
    else:
        found = spread.each("looking for images that are alike", look_up, (index, vectors), blocks)
    first, second, zooms, distances = (np.concatenate(values) for values in zip(*found, strict=True))
    pair = np.minimum(first, second) * n + np.maximum(first, second)
    order = np.lexsort((distances, pair))
    chosen = order[np.flatnonzero(np.diff(pair[order], prepend=-1))]
    return Pairs(first[chosen], second[chosen], zooms[chosen])


def look_up(
    index: Neighbours, vectors: np.ndarray, part: tuple[int, Block], *, progress: Progress = SILENT
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The nearest of a block of images: first, second, the number of the second's magnification, and the distance.

    Args:
        index: of the images as they are.
        vectors: their descriptors at each magnification, float32 (zooms, n, d).
        part: the number of a magnification, and which images.
        progress: told nothing.
    """
    zoom, block = part
    distance, near = index.search(vectors[zoom], block, _NEAREST + 1, _FARTHEST)
    rows = np.broadcast_to(block.asking[:, None], near.shape)
    keep = (distance <= _FARTHEST) & (near != rows)
    return near[keep], rows[keep], np.full(keep.sum(), zoom), distance[keep]


def _described(spectra: Array) -> np.ndarray:
    """The descriptors at each magnification, float32 (zooms, n, d)."""
    width = int((RADIUS[np.triu_indices(FREQUENCIES)] > 0).sum())
    vectors = np.empty((len(ZOOMS), len(spectra), width), np.float32)
    for start in range(0, len(spectra), _AT_ONCE):
        block = spectra[start : start + _AT_ONCE]
        for number in range(len(ZOOMS)):
            vectors[number, start : start + _AT_ONCE] = descriptors(block[:, number])
    return vectors


def _correlation(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The best correlation of each pair of spectra over turns and shifts, that turn, and that shift's number.

    Turns under which it cannot reach `_LEAST` are passed over, and 0 stands for it where none can.
    """
    n, weight = len(first), RADIUS**2  # pictures of one kind are alike in their lowest frequencies
    one, whole = first * weight, _whole(second).reshape(n, len(_ORDER) ** 2)
    both = np.array([1.0] + [2.0] * (FREQUENCIES - 1), np.float32)  # a column stands for its negative frequency too
    size = np.abs(whole)[:, _TURNED] * weight
    energy = ((np.abs(one) ** 2) @ both).sum(1)[:, None] * (size**2 @ both).sum(2)
    norm = np.sqrt(energy + 1e-12)
    # A shift changes the phases alone: with all of them equal, the correlation would be the highest.
    pair, turn = np.nonzero(((np.abs(one)[:, None] * size) @ both).sum(2) >= (_LEAST - _ROUNDED) * norm)
    across = np.exp(-2j * np.pi * np.outer(np.arange(FREQUENCIES), _SHIFTS)) * both[:, None]
    down = np.exp(-2j * np.pi * np.outer(_ORDER, _SHIFTS))
    product = np.conj(one[pair]) * (whole[pair[:, None, None], _TURNED[turn]] * weight)
    moved = np.tensordot(product @ across.astype(np.complex64), down.astype(np.complex64), (1, 0)).real
    correlation = (moved / norm[pair, turn, None, None]).reshape(len(pair), len(_SHIFTS) ** 2)
    likeness, place = np.zeros((n, TURNS), np.float32), np.zeros((n, TURNS), np.int64)
    place[pair, turn] = correlation.argmax(1)
    likeness[pair, turn] = correlation.max(1)
    rows, best = np.arange(n), likeness.argmax(1)
    return likeness[rows, best], best, place[rows, best]


def _whole(half: np.ndarray) -> np.ndarray:
    """The spectra (n, 2 f - 1, 2 f - 1) of which those of real images are kept as (n, 2 f - 1, f)."""
    minus = -np.arange(half.shape[1])
    return np.concatenate([half, np.conj(half[:, minus, :0:-1])], axis=2)
