"""Bring the graph of shipped models up to date: the steps before their first layer, as exports write them now.

    python scripts/join_scaling.py [NAME ...]

changes src/hemascope/predict/weights/NAME.onnx in place: of its graph the steps of `hemascope.export.scaling`; weights,
card and statistics stay. It refuses a file whose answers to drawn cells would change. A second time changes nothing.
"""

import argparse

import numpy as np
import onnx

import hemascope
from hemascope.adapt.save import save_model
from hemascope.data.smears import draw
from hemascope.export.scaling import join_scaling
from hemascope.predict.classifier import Classifier
from hemascope.predict.shipped import WEIGHTS

_CELLS = 64
_SAME = 1e-5  # of a probability, or a score of unknown objects


def join(name: str, images: np.ndarray) -> None:
    """Change a model, and compare what it says of images."""
    path = WEIGHTS / f"{name}.onnx"
    expected = hemascope.load(path, device="cpu").judge(images)

    def same(written: Classifier) -> None:
        pairs = zip(expected, written.judge(images), strict=True)
        off = max(float(np.abs(a - b).max()) for a, b in pairs if a is not None)
        if not off <= _SAME:
            raise SystemExit(f"{name}: its answers would differ by up to {off:.2g}")
        print(f"{name}: the same answers within {off:.1g}")

    graph = onnx.load(path)
    join_scaling(graph)
    save_model(graph, path, check=same)


def main() -> None:
    """Change and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["tiny"])
    images = np.stack([draw(0, number, 208).image for number in range(_CELLS)])
    for name in parser.parse_args().names:
        join(name, images)


if __name__ == "__main__":
    main()
