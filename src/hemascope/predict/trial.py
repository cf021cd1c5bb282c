"""A model file tried once before it is used, within bounds of time and memory: it must give what its card promises."""

import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime as ort

from hemascope.errors import ModelFileError
from hemascope.predict.card import ModelCard

MOST_SECONDS = 60
"""That two images may take: a mean of large networks takes some seconds. What runs over it ends with the operator that
it is at."""

MOST_BYTES = 1 << 30
"""That may be held for two images, beside the weights."""

_REMEDY = "It is damaged, or not made for this. Use another model file."
_SUM = 1e-3  # how far from 1 probabilities may add up: eight bits and half precision round


def try_model(path: Path, session: ort.InferenceSession, given: str, outputs: tuple[str, ...], card: ModelCard) -> None:
    """Let a network classify two images of noise.

    Args:
        path: the model file, for errors.
        session: its graph as it is, opened with options that `limit` has set.
        given: name of its input.
        outputs: names of those to ask for.
        card: its card.

    Raises:
        ModelFileError: it fails, takes more than `MOST_SECONDS` or `MOST_BYTES`, or gives other than promised.
    """
    size = card.input_size
    images = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), np.uint8)
    found = run_bounded(path, session, outputs, {given: images}, "two images take it")
    check_answers(path, outputs, found, len(images), card.widths)


def run_bounded(
    path: Path, session: ort.InferenceSession, outputs: tuple[str, ...], inputs: dict[str, np.ndarray], takes: str
) -> list[np.ndarray]:
    """One run of a network for a trial.

    Args:
        path: the model file, for errors.
        session: its graph as it is, opened with options that `limit` has set.
        outputs: names of those to ask for.
        inputs: name -> what it is given.
        takes: the same in words, for the error: "two images take it".

    Raises:
        ModelFileError: it fails, or takes more than `MOST_SECONDS` or `MOST_BYTES`.
    """
    terms = ort.RunOptions()
    terms.log_severity_level = 4
    terms.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    late = threading.Timer(MOST_SECONDS, setattr, (terms, "terminate", True))
    late.daemon = True
    late.start()
    try:
        return session.run(list(outputs), inputs, terms)
    except Exception as problem:  # onnxruntime's errors have no common base of their own
        raise ModelFileError(f"{path}: refused, because {_why(problem, terms.terminate, takes)}", _REMEDY) from problem
    finally:
        late.cancel()


def limit(options: ort.SessionOptions) -> None:
    """Have a session take the graph as it is, and hold no more than `MOST_BYTES` beside the weights.

    Simplifying a graph computes what is constant in it, without bounds.
    """
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    _limit_memory()


def check_answers(
    path: Path, outputs: tuple[str, ...], found: list[np.ndarray], images: int, widths: Mapping[str, int]
) -> None:
    """Make sure that a network's answers are such: a row an image, and probabilities that are some.

    Args:
        path: the model file, for the error.
        outputs: their names.
        found: the answers.
        images: how many there were.
        widths: numbers an image of those outputs that the card describes.

    Raises:
        ModelFileError: they are not.

    >>> check_answers(Path("m.onnx"), ("probabilities",), [np.array([[0.5, 0.7]], np.float32)], 1, {"probabilities": 2})
    Traceback (most recent call last):
    hemascope.errors.ModelFileError: m.onnx: the network gave no probabilities: they add up to 1.2. It is damaged, ...
    """
    for name, values in zip(outputs, found, strict=True):
        problem = _problem(name, values, images, widths)
        if problem:
            raise ModelFileError(f"{path}: the network gave {problem}", _REMEDY)


def _problem(name: str, values: np.ndarray, images: int, widths: Mapping[str, int]) -> str:
    if len(values) != images:
        return f"{name} of shape {values.shape}, not a row an image ({images:,})"
    if name in widths and values.shape != (images, widths[name]):
        those = "classes" if name == "probabilities" else "values"
        return f"{values.shape[1]:,} {name} an image, and its card names {widths[name]:,} {those}"
    if not np.isfinite(values).all():
        return f"no finite {name}"
    if name != "probabilities":
        return ""
    sums = values.sum(axis=1, dtype=np.float64)
    if values.size and (values.min() < -_SUM or np.abs(sums - 1).max() > _SUM):
        return f"no probabilities: they add up to {sums[np.abs(sums - 1).argmax()]:.4g}"
    return ""


@cache
def _limit_memory() -> None:
    """Have onnxruntime keep a store of memory of its own for trials, which is no larger than `MOST_BYTES`."""
    kind = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    as_asked = 1  # not by doubling
    ort.create_and_register_allocator(kind, ort.OrtArenaCfg({"max_mem": MOST_BYTES, "arena_extend_strategy": as_asked}))


def _why(problem: Exception, late: bool, takes: str) -> str:
    text = str(problem)
    if late:
        return f"{takes} more than {MOST_SECONDS} seconds"
    if "Available memory" in text or "bad alloc" in text.lower() or isinstance(problem, MemoryError):
        return f"{takes} more than {MOST_BYTES / 1e9:.1f} GB of memory"
    return f"it fails ({' '.join(text.split())[-300:]})"
