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
from hemascope.adapt.metadata import set_card
from hemascope.adapt.teach import fit_temperature
from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.export.laboratories import Laboratory, Lesson, fit_head, rows
from hemascope.export.views import another_camera, colours_of, framed, poor_camera
from hemascope.files import atomic
from hemascope.predict.card import ModelCard
from hemascope.predict.classifier import Classifier
from hemascope.predict.shipped import find
from hemascope.progress import Progress, Terminal

EACH = 300
"""Images a class at home that are recoloured."""

OTHERS = {
    "Chula": "WBC_Dataset of Chulalongkorn University (singgihbekti), MIT",
    "BCCD": "BCCD (Shenggan), MIT, with subtypes of dhruvp/wbc-classification",
}
_HELD_OUT = 0.2
_BATCH = 64


class Eyes:
    """What the network of a model makes of images."""

    def __init__(self, model: Classifier, progress: Progress) -> None:
        self._model, self._progress = model, progress
        self._side, self._threads = model.card.input_size, model.threads

    def plain(self, source: Manifest, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Features, float32 (n, d), and `colours_of`, float32 (n, 2, 3), of images as they are."""
        found = []
        for _, images in self._batches(source, f"{name}, as it is"):
            seen = framed(images, self._side, [1.0] * len(images), self._threads)
            found.append((self._model.features(seen), colours_of(seen)))
        features, colours = map(np.concatenate, zip(*found, strict=True))
        return features, colours

    def changed(self, source: Manifest, name: str, colours: np.ndarray | None = None) -> np.ndarray:
        """Features, float32 (n, d), of images as another camera would show them."""
        return np.concatenate(
            [
                self._model.features(another_camera(images, self._side, first, colours, self._threads))
                for first, images in self._batches(source, name)
            ]
        )

    def poorly(self, source: Manifest, name: str) -> np.ndarray:
        """Features, float32 (n, d), of images as a poor camera would show them."""
        batches = self._batches(source, f"{name}, by a poor camera")
        views = (poor_camera(images, self._side, first, self._threads) for first, images in batches)
        return np.concatenate([self._model.features(seen) for seen in views])

    def _batches(self, source: Manifest, name: str):  # type: ignore[no-untyped-def]
        """Number of the first and pixels of some images at a time; all must be readable."""
        waiting: list[np.ndarray] = []
        self._progress.step(name, len(source))
        for row, image in read_images(source):
            assert isinstance(image, np.ndarray), image
            waiting.append(image)
            if len(waiting) == _BATCH or row + 1 == len(source):
                yield row + 1 - len(waiting), waiting
                waiting = []
                self._progress.done(row + 1)


class Material:
    """Features of all laboratories, home first.

    Args:
        source: labelled images, each with its laboratory.
        eyes: the network.
    """

    def __init__(self, source: Manifest, eyes: Eyes) -> None:
        places = source.table["laboratory"].to_numpy(str)
        self.names = sorted(set(places.tolist()), key=lambda name: -int((places == name).sum()))
        parts = {name: source.rows(np.flatnonzero(places == name)) for name in self.names}
        self.targets = {name: part.targets() for name, part in parts.items()}
        seen = {name: eyes.plain(part, name) for name, part in parts.items()}
        self.plain = {name: features for name, (features, _) in seen.items()}
        home, *others = self.names
        own = self.targets[home]
        self.poor = eyes.poorly(parts[home], home)
        chosen = np.concatenate([np.flatnonzero(own == number)[:EACH] for number in range(own.max() + 1)])
        self.chosen, few = chosen, parts[home].rows(chosen)
        self.recoloured = eyes.changed(few, f"{home}, recoloured")
        self.foreign = {name: eyes.changed(few, f"{home}, as {name}", seen[name][1]) for name in others}

    def without(self, held: np.ndarray) -> list[Laboratory]:
        """The laboratories without some images at home, bool (n,)."""
        home, *others = self.names
        own, kept = self.targets[home], ~held[self.chosen]
        few = own[self.chosen]
        whole = [seen[~held] for seen in (self.plain[home], self.poor)]
        part = [seen[kept] for seen in (self.recoloured, *self.foreign.values())]
        targets = [own[~held]] * len(whole) + [few[kept]] * len(part)
        at_home = Laboratory(np.concatenate([*whole, *part]), np.concatenate(targets), {})
        stand_ins = {
            name: {number: self.foreign[name][kept & (few == number)] for number in np.unique(few).tolist()}
            for name in others
        }
        return [at_home, *(Laboratory(self.plain[name], self.targets[name], stand_ins[name]) for name in others)]


def learn(old: Head, material: Material, lesson: Lesson) -> tuple[Head, float]:
    """The new head and its temperature.

    The network was trained on the images at home, and is surer of them than of others: so the temperature is as far
    from that of the old head on the same images as it should be from the old head's own.
    """
    home = material.names[0]
    targets, classes = material.targets[home], len(old.bias)
    held = np.random.default_rng(0).random(len(targets)) < _HELD_OUT
    part = fit_head(old, *rows(material.without(held), classes, lesson), lesson)
    new, former = (fit_temperature(head.logits(material.plain[home][held]), targets[held]) for head in (part, old))
    right = (part.logits(material.plain[home][held]).argmax(axis=1) == targets[held]).mean()
    print(f"images at home held out: {right:.4f} right, temperature {new:.3f}, of the old head {former:.3f}")
    none = np.zeros(len(targets), bool)
    return fit_head(old, *rows(material.without(none), classes, lesson), lesson), new / former


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
    set_card(changed, described(model.card, material, lesson, temperature))
    with atomic(options.output or path) as temporary:
        onnx.save(changed, temporary)
        hemascope.load(temporary)
    for name in material.names:
        right = [
            f"{(one.logits(material.plain[name]).argmax(axis=1) == material.targets[name]).mean():.3f}"
            for one in (old, head)
        ]
        print(f"{name}, training images: {' -> '.join(right)}")


if __name__ == "__main__":
    main()
