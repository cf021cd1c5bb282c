"""Opening a model file: an ONNX graph that takes raw images, with its card in the metadata."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import onnxruntime as ort

from hemascope.errors import ModelFileError
from hemascope.predict.card import METADATA_KEY, ModelCard
from hemascope.predict.device import Device, Runs, Trial, alike, check_there, discs, place
from hemascope.predict.graph import check_graph
from hemascope.predict.trial import limit, try_model

INPUT = "images"
OUTPUTS = ("probabilities", "features")
UNKNOWN = "unknown"
"""The output that only some files have: a score in [0, 1] that says "none of these classes"."""

ATTRIBUTES = "attributes"
"""Likewise: probabilities of what is seen of a cell, see `hemascope.predict.attributes`."""

_PACKAGE = Path(__file__).parents[1]

_REMEDY = "Write one with: hemascope export"


def open_model(path: Path, device: str | None = None, *, threads: int = 1) -> tuple[Runs, ModelCard, Device]:
    """Open and check a model file.

    The session computes each call in the thread that calls: several threads with small batches of their own
    are faster than one batch spread over the cores (see benchmarks/predict.py), and load nothing they do not use.

    A file that is not the package's own is looked through (`check_graph`) and tried (`try_model`) first.

    Args:
        path: the file.
        device: see `hemascope.predict.device.place`.
        threads: that will call it at a time; by so many an accelerator has to be faster than one.

    Returns:
        the session, with input ``images`` uint8 (n, h, w, 3) and outputs ``probabilities`` float32 (n, k) and
        ``features`` float32 (n, d), in some files ``unknown`` float32 (n,) and ``attributes`` float32 (n, v) too; and
        the card; and where it runs.

    Raises:
        ModelFileError: not readable, not ONNX, not written by hemascope, other inputs or outputs, newer, or what
            looking through or trying it found.
        DeviceError: the device is not there, or fails.
    """
    check_there(device)
    try:
        with path.open("rb"):
            pass
    except OSError as problem:
        raise ModelFileError(f"{path}: {problem.strerror or problem}") from problem
    if is_shipped(path):
        session = open_session(path)
        return _placed(path, session, _card(path, session), device, threads)
    check_graph(path)
    first = open_session(path, limited=True)
    card = _card(path, first)
    try_model(path, first, INPUT, _named(first), card)
    return _placed(path, open_session(path), card, device, threads)


def _placed(
    path: Path, session: ort.InferenceSession, card: ModelCard, device: str | None, threads: int
) -> tuple[Runs, ModelCard, Device]:
    def trial() -> Trial:
        several = ({INPUT: discs(3, 90)[:, 15:75].copy()}, {INPUT: discs(16, 96)})
        return Trial(_named(session), several, threads, alike)

    runs, where = place(device, session, partial(open_accelerated, path), trial)
    return runs, card, where


def is_shipped(path: Path) -> bool:
    """Whether a model file is the package's own: those were looked through and tried before they were shipped."""
    return _PACKAGE in path.absolute().parents


def open_accelerated(path: Path, providers: Sequence[Any], profile: Path) -> ort.InferenceSession:
    """Have onnxruntime read a file for an accelerator.

    Args:
        path: the file.
        providers: of onnxruntime, that run it; what the first cannot run, the next ones do.
        profile: what the name of the profile begins with, which is written until ``end_profiling``.

    Raises:
        Exception: as onnxruntime raises it.
    """
    options = _options()
    options.enable_mem_pattern = False  # DirectML has none, and sizes that change gain nothing by it
    options.enable_profiling, options.profile_file_prefix = True, str(profile)
    # Its own fallback tells of itself on standard output only.
    return ort.InferenceSession(str(path), options, providers=list(providers), enable_fallback=0)


def open_session(path: Path, *, limited: bool = False, threads: int = 1) -> ort.InferenceSession:
    """Have onnxruntime read a file.

    Args:
        path: the file.
        limited: take its graph as it is, for a trial within `hemascope.predict.trial.MOST_BYTES`.
        threads: that one call computes in.

    Raises:
        ModelFileError: onnxruntime cannot use it.
    """
    options = _options(threads)
    if limited:
        limit(options)
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # onnxruntime's errors have no common base of their own
        raise ModelFileError(f"{path}: not a usable ONNX file ({reason(problem)})", _REMEDY) from problem


def _options(threads: int = 1) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others compute while it waits
    options.log_severity_level = 4  # its errors are raised as well; there is no need to print them too
    options.add_session_config_entry("session.load_model_format", "ONNX")  # whatever the name ends in
    return options


def _card(path: Path, session: ort.InferenceSession) -> ModelCard:
    """The card of a file whose graph does what it promises."""
    try:
        text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        if text is None:
            raise ModelFileError(f"{path}: an ONNX file, but without hemascope's metadata", _REMEDY)
        card = ModelCard.from_json(text, str(path))
        _check(path, session, card)
    except UnicodeDecodeError as problem:
        raise ModelFileError(f"{path}: its metadata are damaged ({problem.reason})", _REMEDY) from problem
    return card


def _named(session: ort.InferenceSession) -> tuple[str, ...]:
    """The outputs that are asked for."""
    given = [item.name for item in session.get_outputs()]
    return (*OUTPUTS, *(name for name in (UNKNOWN, ATTRIBUTES) if name in given))


def _check(path: Path, session: ort.InferenceSession, card: ModelCard) -> None:
    """Refuse a graph that does not do what the card promises."""
    inputs = {item.name: (item.type, len(item.shape)) for item in session.get_inputs()}
    if inputs != {INPUT: ("tensor(uint8)", 4)}:
        raise ModelFileError(f"{path}: its inputs are {inputs}, not {INPUT}: uint8 (n, h, w, 3)", _REMEDY)
    outputs = {item.name: item for item in session.get_outputs()}
    for name in OUTPUTS:
        if name not in outputs:
            raise ModelFileError(f"{path}: its outputs are {', '.join(outputs)}; {name!r} is missing", _REMEDY)
        if outputs[name].type != "tensor(float)" or len(outputs[name].shape) != 2:
            raise ModelFileError(f"{path}: its output {name!r} is not float32 of two dimensions", _REMEDY)
    if (UNKNOWN in outputs) != ("threshold" in card.unknown):
        raise ModelFileError(f"{path}: has one only of the output {UNKNOWN!r} and its threshold on the card", _REMEDY)
    if UNKNOWN in outputs and (outputs[UNKNOWN].type != "tensor(float)" or len(outputs[UNKNOWN].shape) != 1):
        raise ModelFileError(f"{path}: its output {UNKNOWN!r} is not float32 of one dimension", _REMEDY)
    if (ATTRIBUTES in outputs) != bool(card.attributes):
        raise ModelFileError(f"{path}: has one only of the output {ATTRIBUTES!r} and their names on the card", _REMEDY)
    if ATTRIBUTES in outputs and (outputs[ATTRIBUTES].type != "tensor(float)" or len(outputs[ATTRIBUTES].shape) != 2):
        raise ModelFileError(f"{path}: its output {ATTRIBUTES!r} is not float32 of two dimensions", _REMEDY)
    k = outputs["probabilities"].shape[1]
    if isinstance(k, int) and k != len(card.classes):
        raise ModelFileError(f"{path}: {k} probabilities, but {len(card.classes)} classes on its card", _REMEDY)


def reason(problem: Exception) -> str:
    """The first line of onnxruntime's message, without its code."""
    line = next(iter(str(problem).splitlines()), "") or type(problem).__name__
    return line.split(" : ")[-1].strip()[:300]
