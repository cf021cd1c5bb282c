"""The classifier of this submission: ``Model().predict(X)`` gives a class number an image.

Needs numpy and onnxruntime, and the files that lie beside this one.
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read at the import: else it records its runs, to send them

import onnxruntime

_FOLDER = Path(__file__).resolve().parent  # known from the start: the caller may change the working directory
_BATCH = 8  # images a run: activations stay in the cache, and memory does not grow with X


class Model:
    """Images in, class numbers out.

    Attributes:
        classes: names of the classes; the number of a class is its place in them, from 0.
        views: positions in which every image is judged; the probabilities are averaged.
        threads: images worked on at a time: one a CPU core that the process may use.
    """

    def __init__(self) -> None:
        settings = json.loads((_FOLDER / "submission.json").read_text(encoding="utf-8"))
        self.classes = tuple(settings["classes"])
        self.views = settings["views"]
        self.threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # the threads are ours
        model = str(_FOLDER / "model.onnx")
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803 - the evaluator's name
        """Classify images.

        Args:
            X: RGB images (n, 96, 96, 3); other heights and widths will do. Integers are 0 .. 255. Floats are 0 .. 1
                where none of X is above 2, else 0 .. 255; what lies a little outside is clipped.

        Returns:
            int64 (n,), class numbers.

        Raises:
            ValueError: another shape, no numbers, or values that are neither 0 .. 1 nor 0 .. 255.
        """
        images = np.asarray(X)
        if images.ndim != 4 or images.shape[3] != 3 or images.dtype.kind not in "uif":
            raise ValueError(f"X is {images.dtype} {images.shape}, not numbers (n, 96, 96, 3)")
        scale = _scale(images)
        parts = [images[start : start + _BATCH] for start in range(0, len(images), _BATCH)]
        with ThreadPoolExecutor(self.threads) as pool:
            found = list(pool.map(lambda part: self._classes(_pixels(part, scale)), parts))
        return np.concatenate([np.zeros(0, np.int64), *found])

    def _classes(self, images: np.ndarray) -> np.ndarray:
        views = (np.ascontiguousarray(_view(images, step)) for step in range(self.views))
        said = [self._session.run(["probabilities"], {"images": view})[0] for view in views]
        return np.mean(said, axis=0, dtype=np.float64).argmax(axis=1).astype(np.int64)


def _scale(images: np.ndarray) -> float:
    """By what to multiply values so that they are 0 .. 255; judged on all images, as one alone may be dark."""
    if images.dtype == np.uint8 or not images.size:
        return 1.0
    lowest, highest = float(images.min()), float(images.max())
    white = 1.0 if images.dtype.kind == "f" and highest <= 2 else 255.0
    if not (-white / 4 <= lowest and highest <= 2 * white):  # also where a value is no number
        raise ValueError(f"the values of X go from {lowest:g} to {highest:g}, which is neither 0 .. 1 nor 0 .. 255")
    return 255 / white


def _pixels(images: np.ndarray, scale: float) -> np.ndarray:
    if images.dtype == np.uint8:
        return images
    return np.clip(np.rint(images * np.float64(scale)), 0, 255).astype(np.uint8)


def _view(images: np.ndarray, step: int) -> np.ndarray:
    """The image as it is (step 0), then mirrored and turned by half and quarter turns: eight in all."""
    mirrored, quarters = step % 2, (0, 2, 1, 3)[step // 2]
    if mirrored:
        images = images[:, :, ::-1]
    return np.rot90(images, quarters, axes=(1, 2))
