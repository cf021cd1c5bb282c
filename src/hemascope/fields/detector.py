"""The detector: a field in, the boxes of its cells out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import onnxruntime as ort

from hemascope.cores import usable_cores
from hemascope.errors import DecodeError, HemascopeError, ModelFileError
from hemascope.fields.card import METADATA_KEY, DetectorCard
from hemascope.fields.cell import KINDS
from hemascope.fields.defaults import DETECTOR, WEIGHTS
from hemascope.fields.scale import choose
from hemascope.fields.tiles import SIDE, join, rounded, tiles
from hemascope.predict.device import Device, Runs, Trial, check_there, discs, place
from hemascope.predict.graph import OPERATORS, check_graph
from hemascope.predict.modelfile import is_shipped, open_accelerated, open_session, reason
from hemascope.predict.shipped import find
from hemascope.predict.trial import run_bounded

INPUTS = {"field": "tensor(uint8)", "scale": "tensor(float)"}
OUTPUTS = {"boxes": "tensor(float)", "kinds": "tensor(int64)", "scores": "tensor(float)"}

_FURTHER = frozenset({"Compress", "NonMaxSuppression", "NonZero"})  # operators: what finds is of unknown number
_MOST = 100_000  # cells of a tile
_LEAST_SIDE = 16  # resized pixels of a field below which there is nothing to see
_TRIAL_SIDE = 256
_SURE, _ROUNDING = 0.5, 0.02  # scores of cells that every device has to find, and how far they may differ
_REMEDY = "It is damaged, or not made for this. Use another detector."


@dataclass(frozen=True)
class Found:
    """The cells of a field, of scores above the thresholds of their kinds; white, red, platelets, by rows.

    Attributes:
        boxes: float32 (n, 4): xmin, ymin, xmax, ymax in pixels of the field, within it.
        kinds: int64 (n,), numbers in `hemascope.fields.cell.KINDS`.
        scores: float32 (n,), 0 .. 1.
        red_width: pixels of the field across its red cells; None where too few were found to tell.
        scale: that the field was resized by.
        scale_from: what told it: "red cells", "white cells", "field size", or "given".
    """

    boxes: np.ndarray
    kinds: np.ndarray
    scores: np.ndarray
    red_width: float | None = None
    scale: float = 1.0
    scale_from: str = "given"

    def __len__(self) -> int:
        return len(self.scores)


class Detector:
    """A detector's file, ready to use; safe to call from several threads. Made by `load_detector`.

    Attributes:
        card: what it finds, at which scale, and how well.
        path: its file.
        threads: that one field is worked on by.
        device: where the network runs.
    """

    def __init__(
        self,
        session: Runs,
        card: DetectorCard,
        path: Path,
        threads: int,
        device: Device = Device(),  # noqa: B008
    ) -> None:
        self.card = card
        self.path = path
        self.threads = threads
        self.device = device
        self._session = session
        self._numbers = np.array([KINDS.index(kind) for kind in card.kinds], np.int64)
        self._thresholds = np.array([card.thresholds[kind] for kind in KINDS], np.float32)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file, which tells detectors apart."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def find(
        self, field: np.ndarray, scale: float | None = None, *, side: int = SIDE, until: float | None = None
    ) -> Found:
        """Find the cells of a field.

        Args:
            field: uint8 (h, w, 3) of any size; one that is large when resized goes through in tiles.
            scale: to resize it by; where not given, such that its red cells get the width at which this finds best.
            side: most resized pixels along a side of a tile; the cells found do not depend on it.
            until: the `time.monotonic` after which it is given up, between two tiles; never where not given.

        Raises:
            DecodeError: other dtype or shape.
            HemascopeError: it is given up.
            ModelFileError: the network fails, or gives other than promised.
        """
        if field.dtype != np.uint8 or field.ndim != 3 or field.shape[2] != 3 or 0 in field.shape:
            raise DecodeError(f"a field is {field.dtype} {field.shape}, not uint8 (h, w, 3)")
        if scale is not None:
            return self._find(field, scale, side, until)
        return choose(lambda scale, part: self._find(part, scale, side, until), field, self.card)

    def _find(self, field: np.ndarray, scale: float, side: int, until: float | None) -> Found:
        """The cells at a scale, tile by tile."""
        scale, (height, width) = rounded(scale), field.shape[:2]
        if min(height, width) * scale < _LEAST_SIDE:
            none = np.zeros(0, np.int64)
            return Found(np.zeros((0, 4), np.float32), none, none.astype(np.float32), scale=scale)
        parts, scores = [], []
        for tile in tiles(height, width, scale, self.card.reach, self.card.stride, side):
            if until is not None and time.monotonic() > until:
                raise HemascopeError("it takes longer than it may", "Give a smaller field.")
            down, across = tile
            found = self._run(field[down.start : down.end, across.start : across.end], scale)
            boxes = found.boxes + np.array([across.start, down.start] * 2, np.float32)
            parts.append((tile, boxes, found.kinds))
            scores.append(found.scores)
        taken = join(parts, height, width, scale)
        boxes, kinds, all_scores = (
            np.concatenate([values[own] for values, own in zip(all_values, taken, strict=True)])
            for all_values in ([part[1] for part in parts], [part[2] for part in parts], scores)
        )
        boxes = boxes.clip(0, np.array([width, height] * 2, np.float32))
        # Of the same order however it was cut, and the same to a hundredth of a pixel.
        boxes = boxes.round(2)
        order = np.lexsort((boxes[:, 0], boxes[:, 1], kinds))
        return Found(boxes[order], kinds[order], all_scores[order], scale=scale)

    def _run(self, field: np.ndarray, scale: float) -> Found:
        """One run of the network, on pixels (h, w, 3) that fit."""
        given = {"field": np.ascontiguousarray(field), "scale": np.array(scale, np.float32)}
        try:
            values = self._session.run(list(OUTPUTS), given)
        except Exception as problem:  # onnxruntime's errors have no common base; out of memory is the likely one
            height, width = field.shape[:2]
            raise ModelFileError(
                f"{self.path}: the detector failed on {height:,} x {width:,} pixels ({reason(problem)})",
                "Free memory, or use another detector.",
            ) from problem
        check_answers(self.path, values)
        boxes, kinds, scores = values
        kinds = self._numbers[kinds]
        kept = scores >= self._thresholds[kinds]
        return Found(boxes[kept], kinds[kept], scores[kept], scale=scale)

    def __repr__(self) -> str:
        return f"Detector({self.card.name!r}, {self.path})"


def load_detector(model: str | Path = DETECTOR, *, threads: int | None = None, device: str | None = None) -> Detector:
    """Open a detector.

    Args:
        model: a detector's file, or a shipped detector's name.
        threads: that one field is worked on by; one a core where not given.
        device: where the network runs, as of `hemascope.load`.

    Raises:
        ModelFileError: there is none, or it cannot be used.
        DeviceError: that device is not there, or fails.
    """
    check_there(device)
    path = find(model, WEIGHTS)
    try:
        with path.open("rb"):
            pass
    except OSError as problem:
        raise ModelFileError(f"{path}: {problem.strerror or problem}") from problem
    threads = threads or usable_cores()
    if is_shipped(path):
        session = open_session(path, threads=threads)
        return _placed(session, _card(path, session), path, threads, device)
    check_graph(path, OPERATORS | _FURTHER)
    first = open_session(path, limited=True)
    card = _card(path, first)
    noise = np.random.default_rng(0).integers(0, 256, (_TRIAL_SIDE, _TRIAL_SIDE, 3), np.uint8)
    for picture in (noise, np.full_like(noise, 240)):
        given = {"field": picture, "scale": np.array(1, np.float32)}
        check_answers(path, run_bounded(path, first, tuple(OUTPUTS), given, "a small field takes it"))
    return _placed(open_session(path, threads=threads), card, path, threads, device)


def _placed(
    session: ort.InferenceSession, card: DetectorCard, path: Path, threads: int, device: str | None
) -> Detector:
    def trial() -> Trial:
        field = discs(16, 80).reshape(4, 4, 80, 80, 3).swapaxes(1, 2).reshape(320, 320, 3)
        scale = np.array(1, np.float32)
        several = ({"field": field[:200, :300].copy(), "scale": scale}, {"field": field, "scale": scale})
        return Trial(tuple(OUTPUTS), several, 1, same_cells)

    runs, where = place(device, session, partial(open_accelerated, path), trial)
    return Detector(runs, card, path, threads, where)


def same_cells(on_cpu: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> bool:
    """Whether two answers of a detector name the same cells, as far as it is sure of them.

    Args:
        on_cpu: boxes, kinds and scores.
        found: the same of another device.

    >>> one = [np.zeros((1, 4)), np.array([2]), np.array([0.9])]
    >>> same_cells(one, one), same_cells(one, [one[0] + 5, *one[1:]])
    (True, False)
    """
    (boxes, kinds, scores), (others, other_kinds, other_scores) = on_cpu, found
    for box, kind, score in zip(boxes, kinds, scores, strict=True):
        own = other_kinds == kind
        near = (np.abs(others[own] - box) < 1).all(axis=1) & (np.abs(other_scores[own] - score) < _ROUNDING)
        if score >= _SURE and not near.any():
            return False
    return bool((other_scores >= _SURE).sum() <= (scores >= _SURE - _ROUNDING).sum())


def check_answers(path: Path, found: list[np.ndarray]) -> None:
    """Make sure that a detector's answers are boxes, kinds and scores.

    Args:
        path: its file, for the error.
        found: ``boxes``, ``kinds`` and ``scores`` of a field.

    Raises:
        ModelFileError: they are not.
    """
    boxes, kinds, scores = found
    n = len(scores) if scores.ndim == 1 else -1
    problem = ""
    if boxes.shape != (n, 4) or kinds.shape != (n,):
        problem = f"{'box' if n == 1 else 'boxes'} {boxes.shape}, kinds {kinds.shape} and scores {scores.shape}"
    elif n > _MOST:
        problem = f"{n:,} cells, where {_MOST:,} are the most"
    elif not (np.isfinite(boxes).all() and np.isfinite(scores).all()):
        problem = "no finite numbers"
    elif n and not (scores.min() >= 0 and scores.max() <= 1):
        problem = f"scores from {scores.min():.3g} to {scores.max():.3g}"
    elif n and not (kinds.min() >= 0 and kinds.max() < len(KINDS)):
        problem = f"kinds from {kinds.min()} to {kinds.max()}, where its card names {len(KINDS)}"
    elif (boxes[:, 2:] < boxes[:, :2]).any():
        problem = "boxes that end before they begin"
    if problem:
        raise ModelFileError(f"{path}: the detector gave {problem}", _REMEDY)


def _card(path: Path, session: ort.InferenceSession) -> DetectorCard:
    """The card of a file whose graph has the inputs and outputs of a detector."""
    try:
        text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    except UnicodeDecodeError as problem:
        raise ModelFileError(f"{path}: its metadata are damaged ({problem.reason})", _REMEDY) from problem
    if text is None:
        raise ModelFileError(f"{path}: an ONNX file, but no detector of hemascope's", "Give one with --detector.")
    card = DetectorCard.from_json(text, str(path))
    for what, values, wanted in (("inputs", session.get_inputs(), INPUTS), ("outputs", session.get_outputs(), OUTPUTS)):
        given = {item.name: item.type for item in values}
        if given != wanted:
            raise ModelFileError(f"{path}: its {what} are {given}, not {wanted}", _REMEDY)
    return card
