"""Give a model file a head that knows the cells of several laboratories, on features that stay as they are.

    python scripts/three_laboratories.py PBC CHULA BCCD -o three
    python scripts/laboratory_head.py MODEL three/laboratories.csv [-o FILE]

MODEL is a model file or the name of a shipped one, changed in place unless FILE is given. Only rows of the split train
teach. The laboratory of the most images is home: its cells stand in, in the colours of the others, for the classes that
these lack, and are seen as a poor camera shows them, too. The rest of the graph stays, with the score of unknown
objects, the attributes and the memory. The temperature is fitted to images at home, by a head that was not fitted to
them. Its scores, prediction sets and confusions are to be measured anew after it: scripts/ship_model.py. Seven minutes
on two cores.
"""

import argparse
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import onnx

import hemascope
from hemascope.adapt.head import Head, find_head, with_head
from hemascope.adapt.save import save_model
from hemascope.adapt.teach import fit_temperature
from hemascope.data.sources import open_source
from hemascope.export.laboratories import Lesson, fit_head, rows
from hemascope.export.material import Eyes, Material
from hemascope.predict.card import ModelCard
from hemascope.predict.shipped import find
from hemascope.progress import Terminal

OTHERS = {
    "Chula": "WBC_Dataset of Chulalongkorn University (singgihbekti), MIT",
    "BCCD": "BCCD (Shenggan), MIT, with subtypes of dhruvp/wbc-classification",
}


def learn(old: Head, material: Material, lesson: Lesson) -> tuple[Head, float]:
    """The new head and its temperature.

    The network was trained on the images at home, and is surer of them than of others: so the temperature is as far
    from that of the old head on the same images as it should be from the old head's own.
    """
    home = material.names[0]
    targets, held, classes = material.targets[home], material.held, len(old.bias)
    part = fit_head(old, *rows(material.laboratories(held), classes, lesson), lesson)
    new, former = (fit_temperature(head.logits(material.plain[home][held]), targets[held]) for head in (part, old))
    right = (part.logits(material.plain[home][held]).argmax(axis=1) == targets[held]).mean()
    print(f"images at home held out: {right:.4f} right, temperature {new:.3f}, of the old head {former:.3f}")
    return fit_head(old, *rows(material.laboratories(), classes, lesson), lesson), new / former


def described(card: ModelCard, material: Material, lesson: Lesson, temperature: float) -> ModelCard:
    """The card with what was learnt; without scores, confusions and prediction sets, which were the old head's."""
    counts = {name: len(material.targets[name]) for name in material.names}
    said = "; ".join(f"{OTHERS.get(name, name)}, {count:,} images" for name, count in list(counts.items())[1:])
    data = {
        **card.data,
        "licence": f"{card.data.get('licence', '')}, MIT",
        "attribution": f"{card.data.get('attribution', '')}; for the head alone: {said}",
        "head": {"images": counts, "script": "laboratory_head", **asdict(lesson)},
    }
    return replace(card, temperature=temperature, data=data, scores={}, conformal={}, confusion={})


def main() -> None:
    """Look, fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("laboratories", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    path = find(options.model)
    model, graph, lesson = hemascope.load(path), onnx.load(path), Lesson()
    assert "head" not in model.card.data, f"{path}: has such a head already; begin with the file before it"
    source = replace(open_source(options.laboratories).in_split("train"), classes=model.classes)
    with Terminal() as progress:
        material = Material(source.rows(np.flatnonzero(source.known(model.classes))), Eyes(model, progress))
    old = find_head(graph, str(path))
    head, temperature = learn(old, material, lesson)
    changed = with_head(graph, head, temperature, str(path))
    save_model(changed, options.output or path, described(model.card, material, lesson, temperature))
    for name in material.names:
        right = [
            f"{(one.logits(material.plain[name]).argmax(axis=1) == material.targets[name]).mean():.3f}"
            for one in (old, head)
        ]
        print(f"{name}, training images: {' -> '.join(right)}")


if __name__ == "__main__":
    main()
