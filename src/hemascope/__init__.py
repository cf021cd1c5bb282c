"""Train, stress-test, explain and serve classifiers of single blood cells whose scores hold.

The Python interface: its functions are also the commands of the command line, with the same arguments. They take and
give plain objects, raise `hemascope.errors.HemascopeError` with a remedy, and print nothing; ``progress=`` shows how
far a long one is, see `hemascope.progress`.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hemascope import telemetry

if TYPE_CHECKING:
    from hemascope.bench.bench import bench
    from hemascope.data.manifest import Manifest
    from hemascope.pipeline.adapt import adapt
    from hemascope.pipeline.audit import audit
    from hemascope.pipeline.compare import compare
    from hemascope.pipeline.count import count
    from hemascope.pipeline.ensemble import ensemble
    from hemascope.pipeline.estimators import HemascopeClassifier, HemascopeFeatures
    from hemascope.pipeline.evaluate import evaluate
    from hemascope.pipeline.explain import explain
    from hemascope.pipeline.export import export
    from hemascope.pipeline.push import push
    from hemascope.pipeline.submit import submit
    from hemascope.pipeline.train import resume, train
    from hemascope.pipeline.train_detector import train_detector
    from hemascope.pipeline.tune import tune
    from hemascope.pipeline.tune_augment import tune_augment
    from hemascope.predict.classifier import load
    from hemascope.predict.features import features
    from hemascope.predict.predict import predict
    from hemascope.train.recipe import Recipe
    from hemascope.train.run import Run

__version__ = "0.2.0"

telemetry.switch_off()  # before anything of ours can import what it is about

_HOMES = {
    "adapt": "hemascope.pipeline.adapt",
    "audit": "hemascope.pipeline.audit",
    "bench": "hemascope.bench.bench",
    "compare": "hemascope.pipeline.compare",
    "count": "hemascope.pipeline.count",
    "ensemble": "hemascope.pipeline.ensemble",
    "evaluate": "hemascope.pipeline.evaluate",
    "explain": "hemascope.pipeline.explain",
    "export": "hemascope.pipeline.export",
    "features": "hemascope.predict.features",
    "load": "hemascope.predict.classifier",
    "plan": "hemascope.pipeline.plan",
    "predict": "hemascope.predict.predict",
    "push": "hemascope.pipeline.push",
    "resume": "hemascope.pipeline.train",
    "submit": "hemascope.pipeline.submit",
    "train": "hemascope.pipeline.train",
    "train_detector": "hemascope.pipeline.train_detector",
    "tune": "hemascope.pipeline.tune",
    "tune_augment": "hemascope.pipeline.tune_augment",
    "HemascopeClassifier": "hemascope.pipeline.estimators",
    "HemascopeFeatures": "hemascope.pipeline.estimators",
    "Manifest": "hemascope.data.manifest",
    "Recipe": "hemascope.train.recipe",
    "Run": "hemascope.train.run",
}
"""Where each public name is defined; imported when it is first asked for, since some bring torch."""

__all__ = ["HemascopeClassifier", "HemascopeFeatures", "Manifest", "Recipe", "Run", "__version__", "adapt", "audit",
           "bench", "compare", "count", "ensemble", "evaluate", "explain", "export", "features", "load", "plan",
           "predict", "push", "resume", "submit", "train", "train_detector", "tune", "tune_augment"]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hemascope' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


class _Interface(ModuleType):
    """`hemascope.train` is the function, although there is a package ``hemascope/train`` too.

    Python makes every imported submodule an attribute of its package; for the packages that share their name with a
    function it would take the function's place, so these attributes are left unset. Imports do not need them, but for
    ``import hemascope.train.fit as fit``: write ``from hemascope.train import fit``.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Interface
