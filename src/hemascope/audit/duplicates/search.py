"""The search for near duplicates: recompressed, resized, cropped, turned, brightened or re-stained copies.

Three stages, each on fewer pairs: short vectors that turns and shifts do not change give every image its few nearest
(`candidates`); an affine map lays the one over the other (`alignment`); the fine structures are compared (`likeness`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from hemascope.audit.disk import Array
from hemascope.audit.duplicates.alignment import Template, align
from hemascope.audit.duplicates.candidates import Pairs, alike, candidates, nearest, spectra
from hemascope.audit.duplicates.likeness import detail, likeness, threshold
from hemascope.audit.duplicates.pair import Linking, Pair
from hemascope.audit.duplicates.relation import relation
from hemascope.audit.duplicates.squares import luminance, opposite, turn_matrix, turned
from hemascope.cores import usable_cores
from hemascope.data.groups import identical_groups
from hemascope.data.pixels import pixel_digest
from hemascope.progress import SILENT, Progress

if TYPE_CHECKING:
    from hemascope.audit.spread import Spread

_HOPELESS = 0.83  # correlation after the first step of alignment
_APART = 0.86  # correlation at its end
_KEPT = 256  # images kept ready


class Comparison:
    """Compares pairs of some images, in any thread; those compared one after another had better share an image.

    Args:
        images: uint8 (n, s, s, 3).
    """

    def __init__(self, images: Array) -> None:
        self._images = images
        self._template = lru_cache(_KEPT)(lambda row: Template(luminance(images[row])))
        self._detail = lru_cache(_KEPT)(lambda row: detail(luminance(images[row])))

    def __call__(self, first: int, second: int, turn: int, zoom: float, shift: np.ndarray) -> tuple[float, np.ndarray]:
        """Compare two images.

        Args:
            first: row position.
            second: row position.
            turn: the turn of the second, as of `turned`.
            zoom: its magnification.
            shift: float64 (2,), x and y: how far it must then be moved, in sides.

        Returns:
            Their likeness in [0, 1], and the affine map, float64 (3, 3), that lays the second over the first.
        """
        start = np.array([[1, 0, -2 * shift[0]], [0, 1, -2 * shift[1]], [0, 0, zoom]]) / zoom
        moved = np.ascontiguousarray(turned(self._template(second).contrast, turn))
        affine, aligned = align(self._template(first), moved, start, _HOPELESS)
        if aligned < _APART:
            return 0.0, affine
        return likeness(self._detail(first), np.ascontiguousarray(turned(self._detail(second), turn)), affine), affine


IDENTICAL = "the same pixels in the centred square"
_ROUNDS = 3
_SURE = 0.4  # of the way from the threshold to 1: enough to join groups by itself


def near_duplicates(
    images: Array, usable: np.ndarray, *, progress: Progress = SILENT, spread: Spread | None = None
) -> list[Pair]:
    """Find the images that show the same picture.

    Of a group of n images not all n² / 2 pairs are given but n - 1 that link it together: images of identical pixels
    each with the first of them, and those firsts among each other.

    Args:
        images: uint8 (n, s, s, 3), framed.
        usable: bool (n,); the others are in no pair.
        progress: told of the pairs compared, in a step a round.
        spread: over which machines the pairs are compared; without, here. The images then lie in a file.

    Returns:
        Pairs in the order of `Pair.first`, `Pair.second`.
    """
    rows = np.flatnonzero(usable)
    digests = _digests(images, rows)
    first = rows[identical_groups(digests)]
    pairs = [Pair(int(one), int(row), 1.0, IDENTICAL) for one, row in zip(first, rows, strict=True) if one != row]
    least = threshold(images.shape[1])
    linking = Linking(sure=least + _SURE * (1 - least))
    remaining = np.unique(first)
    for _ in range(_ROUNDS):
        if len(remaining) > 1:
            if spread is None:
                _search(images, remaining, least, linking, progress)
            else:
                _search_on(spread, images, remaining, least, linking)
        # An image has only so many nearest: of a large group its parts find each other in the next round.
        remaining = linking.heads()
    return sorted(pairs + linking.pairs(), key=lambda pair: (pair.first, pair.second))


def _digests(images: Array, rows: np.ndarray) -> list[bytes]:
    """`pixel_digest` of some images."""
    parts = np.split(rows, range(_KEPT, len(rows), _KEPT))
    with ThreadPoolExecutor(usable_cores()) as pool:
        found = pool.map(lambda part: [pixel_digest(image) for image in images[part]], parts)
        return [digest for part in found for digest in part]


_Maybe = tuple[int, int, int, float, np.ndarray]  # of `Candidates`
_Hit = tuple[int, Pair]  # the position of the one from which the pair was found
_FEW = 8  # pairs compared by a thread in one go


def _search(images: Array, rows: np.ndarray, least: float, linking: Linking, progress: Progress) -> None:
    progress.step("looking for images that are alike")
    maybe = candidates(spectra(images, rows))
    progress.step("looking for copies", len(maybe))
    compare, following, done = Comparison(images), iter(maybe), 0
    waiting: deque[tuple[int, Future[list[_Hit]]]] = deque()
    # Of matrices this small, a product in several threads would have them wait for each other.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(cores := usable_cores()) as pool:
        while (part := list(islice(following, _FEW))) or waiting:
            if part:
                todo = [one for one in part if not linking.linked(int(rows[one[0]]), int(rows[one[1]]))]
                waiting.append((len(part), pool.submit(_compared, images, compare, rows, least, todo)))
            if len(waiting) > cores or not part:  # few are ahead, since what is linked meanwhile need not be compared
                count, future = waiting.popleft()
                _link(linking, future.result())
                progress.done(done := done + count)


def _link(linking: Linking, hits: Iterable[_Hit]) -> None:
    for _, pair in hits:
        if not linking.linked(pair.first, pair.second):
            linking.add(pair)


_PAIRS = 16_384  # of a block, at most


def _search_on(spread: Spread, images: Array, rows: np.ndarray, least: float, linking: Linking) -> None:
    """The same by blocks of pairs, all of which are compared: what is linked meanwhile is known here alone."""
    found = spectra(images, rows, spread.folder)
    pairs = nearest(found, spread)
    parts = [Pairs(*(part[start : start + _PAIRS] for part in pairs)) for start in range(0, len(pairs.first), _PAIRS)]
    told = spread.each("looking for copies", compare_block, (images, found, rows, least), parts)
    _link(linking, sorted((hit for part in told for hit in part), key=lambda hit: hit[0]))


def compare_block(
    images: Array, spectra: Array, rows: np.ndarray, least: float, pairs: Pairs, *, progress: Progress = SILENT
) -> list[_Hit]:
    """Compare a block of pairs.

    Args:
        images: all of them.
        spectra: of the ``rows``.
        rows: row positions of the images that are compared.
        least: score of what is given.
        pairs: positions in ``rows``.
        progress: told nothing.

    Returns:
        Near duplicates, each with the position of the one from which the pair was found: their order here.
    """
    with threadpool_limits(1, "blas"):
        return _compared(images, Comparison(images), rows, least, alike(spectra, pairs, threads=1))


def _compared(
    images: Array, compare: Comparison, rows: np.ndarray, least: float, maybe: Iterable[_Maybe]
) -> list[_Hit]:
    """Those of some pairs that score at least ``least``."""
    found = []
    for one, other, turn, zoom, shift in maybe:
        first, second = int(rows[one]), int(rows[other])
        score, affine = compare(first, second, turn, zoom, shift)
        if score >= least:
            found.append((one, _pair(images, first, second, score, turn, affine)))
    return found


def _pair(images: Array, first: int, second: int, score: float, turn: int, affine: np.ndarray) -> Pair:
    if first > second:
        matrix = np.eye(3)
        matrix[:2, :2] = turn_matrix(turn)
        affine = matrix @ np.linalg.inv(affine) @ matrix.T
        first, second, turn = second, first, opposite(turn)
    return Pair(first, second, score, relation(images[first], images[second], turn, affine))
