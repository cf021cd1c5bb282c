"""The bootstrap: how far a score would move with other images of the same kind (Efron 1979)."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

RESAMPLES = 1000
LEVEL = 0.95
_NUMBERS_AT_ONCE = 4_000_000  # bounds the memory of one block of resamples


class Score(NamedTuple):
    """A measured value and its 95% interval; all NaN where it cannot be measured, the ends where it has no interval."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float | None]:
        """As JSON has it, which knows no NaN.

        >>> Score(1.0, float("nan"), float("nan")).to_json()
        {'value': 1.0, 'low': None, 'high': None}
        """
        return {name: float(part) if math.isfinite(part) else None for name, part in self._asdict().items()}

    @classmethod
    def from_json(cls, about: Mapping[str, float | None]) -> "Score":
        """Read what `to_json` gave."""
        parts = (about[name] for name in cls._fields)
        return cls(*(math.nan if part is None else float(part) for part in parts))

    def without_interval(self) -> "Score":
        """The value alone."""
        return Score(self.value, math.nan, math.nan)


def resampled(
    n: int, measure: Callable[[np.ndarray], dict[str, np.ndarray]], resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, np.ndarray]:
    """Measure resamples of n images, drawn with replacement, without copying an image.

    Args:
        n: number of images.
        measure: takes how often each image was drawn, float32 (b, n), and gives named arrays (b, ...).
        resamples: how many resamples in all.
        seed: the same seed draws the same resamples.

    Returns:
        The named arrays of all resamples, (resamples, ...).
    """
    parts = [measure(draws) for draws in _draws(n, resamples, seed)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _draws(n: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    generator = np.random.default_rng(seed)
    block = max(1, _NUMBERS_AT_ONCE // max(n, 1))
    for start in range(0, resamples, block):
        b = min(block, resamples - start)
        places = generator.integers(0, n, (b, n), dtype=np.int64) + np.arange(b)[:, None] * n
        yield np.bincount(places.ravel(), minlength=b * n).reshape(b, n).astype(np.float32)


def interval(value: float, values: np.ndarray, level: float = LEVEL, *, difference: bool = False) -> Score:
    """The percentile interval of resampled values (b,), NaN ones (a class fell out of the resample) left out.

    The bootstrap of a curved measure can lie to one side of the measured value; the interval is then widened to
    contain it. Where all resamples are alike there is none: resampling cannot show what never happened. Only a
    ``difference`` keeps its one point: the two differ alike on every image, mostly not at all.

    >>> tuple(round(part, 3) for part in interval(0.5, np.linspace(0, 1, 1001)))
    (0.5, 0.025, 0.975)
    """
    values = values[np.isfinite(values)]
    if not np.isfinite(value) or not len(values):
        return Score(float(value), math.nan, math.nan)
    low, high = np.quantile(values, ((1 - level) / 2, (1 + level) / 2))
    if math.isclose(low, high, rel_tol=1e-6) and math.isclose(low, value, rel_tol=1e-6, abs_tol=1e-12):
        return Score(float(value), float(low), float(high)) if difference else Score(float(value), math.nan, math.nan)
    return Score(float(value), float(min(low, value)), float(max(high, value)))
