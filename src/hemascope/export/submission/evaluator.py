"""The evaluator, played: loads a submission as a challenge would, feeds it images, writes down what came back.

Runs as a script in a process of its own (``python -I evaluator.py SUBMISSION IMAGES RESULT LIMIT``) with nothing but
the standard library, numpy and onnxruntime: whatever else is installed cannot be imported.
"""

import importlib.abc
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read at the import: else it records its runs, to send them

import onnxruntime  # noqa: F401 - with what it needs itself loaded, every later import is the submission's

PROBE = 64
"""Images whose time is extrapolated to all of them before these are fed."""


class Refused(importlib.abc.MetaPathFinder):
    """Refuses packages beyond those that a submission may need."""

    def __init__(self, submission: Path) -> None:
        own = {entry.stem for entry in submission.iterdir()}
        self.allowed = {*sys.stdlib_module_names, *own, "numpy", "onnxruntime"}

    def find_spec(self, name: str, *_: object) -> None:
        """Raise for what is not allowed; leave the rest to the next finder."""
        package = name.partition(".")[0]
        if package not in self.allowed:
            raise ModuleNotFoundError(f"No module named {package!r}: the evaluator has only numpy and onnxruntime")


def main() -> None:
    """Load, probe, predict, report."""
    submission, images_file, result, limit = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), float(sys.argv[4])
    images = np.load(images_file)
    sys.meta_path.insert(0, Refused(submission))
    sys.path.insert(0, str(submission))
    began = time.perf_counter()
    from model import Model  # type: ignore[import-not-found]

    os.chdir(result)  # a submission must not count on its working directory
    model = Model()
    loaded = time.perf_counter() - began
    few = images[:PROBE]
    model.predict(few[:8])
    started = time.perf_counter()
    first = np.asarray(model.predict(few))
    forecast = loaded + (time.perf_counter() - started) / len(few) * len(images)
    report: dict = {"threads": getattr(model, "threads", None), "loaded": loaded, "forecast": forecast}
    if forecast <= limit:
        floats = [few.astype(np.float32), few.astype(np.float32) / 255]
        report["floats_agree"] = all(np.array_equal(first, model.predict(values)) for values in floats)
        started = time.perf_counter()
        classes = model.predict(images)
        report["seconds"] = loaded + time.perf_counter() - started
        report["returned"] = type(classes).__name__
        np.save(result / "classes.npy", np.asarray(classes), allow_pickle=False)
    report["peak"] = _peak_mib()
    (result / "report.json").write_text(json.dumps(report), encoding="utf-8")


def _peak_mib() -> float | None:
    status = Path("/proc/self/status")
    if status.exists():  # Linux counts the process that began this one into ru_maxrss
        own = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(own[0]) / 2**10 if own else None
    try:
        import resource
    except ImportError:  # Windows has none
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
