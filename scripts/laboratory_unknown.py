"""Fit the score of unknown objects of a model file to the cells of several laboratories.

    python scripts/three_laboratories.py PBC CHULA BCCD -o three
    python scripts/detector_fields.py DETECTOR DATA -o boxed
    python scripts/laboratory_unknown.py MODEL three/laboratories.csv --fields boxed/bccd.csv boxed/chula.csv [-o FILE]

MODEL is a model file or the name of a shipped one, changed in place unless FILE is given. As a training fits it
(`hemascope.train.unknown`), but every class of every laboratory has a place of its own among the known cells, and parts
of the others' pictures, and red cells of boxed fields, are among those of no cell. How far a cell as it is lies from
the known ones is asked of the laboratory of most images alone, and so are scale and threshold: its validation images
set them. Three minutes on two cores.

    python scripts/laboratory_unknown.py MODEL TABLE --fields boxed/bccd.csv --leave-out Chula --score boxed/chula.csv

writes nothing: it prints what a score fitted without a laboratory flags of its training cells and of its red cells.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch

import hemascope
from hemascope.adapt.save import save_model
from hemascope.augment.batch import augment
from hemascope.augment.policy import Policy
from hemascope.cells import KINDS
from hemascope.data.annotations import open_annotations
from hemascope.data.decode import decode
from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.export.unknown import levels_of_file, with_unknown
from hemascope.export.views import framed
from hemascope.fields.crops import cut_out
from hemascope.models.unknown import UnknownScore
from hemascope.predict.classifier import Classifier
from hemascope.predict.shipped import find
from hemascope.progress import Terminal
from hemascope.train.unknown import (
    CELLS,
    CHANGED,
    METHOD,
    STRANGERS,
    fit_head,
    fit_space,
    scores_of,
    set_scale,
    strangers,
)

ELSEWHERE = 800
"""Made pictures of no cell from each further laboratory's pictures."""

FEWEST = 20
"""Rows of a laboratory's class from which it has a place of its own."""

_PICTURES = 1500
_RED = 800
_FRAMES = (1.05, 2.8)  # side of a red cell's picture in its widths
_CHANGE = Policy.model_validate({"name": "wide", "clean": 0.0})


def changed(images: np.ndarray, seed: int) -> np.ndarray:
    """Images uint8 (n, side, side, 3), each changed by the policy `wide`."""
    generator, parts = torch.Generator().manual_seed(seed), range(0, len(images), 64)
    floats = (torch.from_numpy(images[at : at + 64].transpose(0, 3, 1, 2).astype(np.float32) / 255) for at in parts)
    found = torch.cat([augment(part, _CHANGE, generator) for part in floats])
    return (found * 255).round_().clamp_(0, 255).byte().numpy().transpose(0, 2, 3, 1)


def pictures_of(source: Manifest) -> list[np.ndarray]:
    """The pixels of all images, which must be readable."""
    found = [image for _, image in read_images(source)]
    assert all(isinstance(image, np.ndarray) for image in found)
    return found


def red_cells(fields: Path) -> list[np.ndarray]:
    """Pictures of red cells cut out of the training fields of a table, about as many of each field."""
    draw, found = np.random.default_rng(0), []
    labelled = [field for field in open_annotations(fields).fields if field.split == "train"]
    for field in labelled:
        image = decode(field.path)
        boxes = field.boxes[field.kinds == KINDS.index("red")]
        for box in draw.permutation(boxes)[: -(-_RED // len(labelled))]:
            width = max(box[2] - box[0], box[3] - box[1]) * np.exp(draw.uniform(*np.log(_FRAMES)))
            found.append(cut_out(image, tuple(box.tolist()), max(1, round(width))))
    return found


class Known:
    """Features of known cells and of pictures of no cell, laboratory by laboratory.

    Args:
        look: what the score sees of images.
        side: of the images in pixels.
    """

    def __init__(self, look, side: int) -> None:  # type: ignore[no-untyped-def]
        self._look, self._side, self._laboratories = look, side, 0
        self.features: list[np.ndarray] = []
        self.targets: list[np.ndarray] = []
        self.plain: list[np.ndarray] = []
        self.strange: list[np.ndarray] = []

    def add(self, source: Manifest, *, home: bool) -> None:
        """Look at a laboratory's training images; those of home come first."""
        rows = np.sort(np.random.default_rng(0).permutation(len(source))[: CELLS if home else None])
        part = source.rows(rows)
        pictures = pictures_of(part)
        images = framed(pictures, self._side, [1.0] * len(pictures))
        own = part.targets() + len(source.classes) * self._laboratories
        views = [images[: CHANGED if home else None]] * (1 if home else 2)
        self.features += [self._look(images), *(self._look(changed(view, seed)) for seed, view in enumerate(views))]
        self.targets += [own, *(own[: len(view)] for view in views)]
        self.plain += [np.full(len(own), home), *(np.zeros(len(view), bool) for view in views)]
        self.add_strange(list(strangers(pictures[:_PICTURES], STRANGERS if home else ELSEWHERE, self._side, 0)))
        self._laboratories += 1

    def add_strange(self, pictures: list[np.ndarray]) -> None:
        """Look at pictures of no cell."""
        self.strange.append(self._look(framed(pictures, self._side, [1.0] * len(pictures))))

    def fit(self, seed: int) -> UnknownScore:
        """The score, but for scale and threshold."""
        cells, targets, plain = map(np.concatenate, (self.features, self.targets, self.plain))
        many = np.bincount(targets)[targets] >= FEWEST
        score = fit_space(cells[many], np.unique(targets[many], return_inverse=True)[1], plain[many])
        fit_head(score, cells, np.concatenate(self.strange), seed)
        return score


def main() -> None:
    """Look, fit, and write or score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("laboratories", type=Path)
    parser.add_argument("--fields", type=Path, nargs="*", default=[], help="whose red cells are of no class")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--leave-out", default="", metavar="NAME", help="a laboratory to score instead; writes nothing")
    parser.add_argument("--score", type=Path, nargs="*", default=[], help="with it: fields whose red cells are scored")
    options = parser.parse_args()
    path = find(options.model)
    model, graph = hemascope.load(path), onnx.load(path)
    look, side = levels_of_file(graph, model.threads), model.card.input_size
    source = replace(open_source(options.laboratories), classes=model.classes)
    source = source.rows(np.flatnonzero(source.known(model.classes)))
    train, val = source.in_split("train"), source.in_split("val")
    parts = {name: train.rows(rows) for name, rows in train.table.groupby("laboratory", observed=True).indices.items()}
    apart = parts.pop(options.leave_out) if options.leave_out else None
    home, *others = sorted(parts, key=lambda name: -len(parts[name]))
    known = Known(look, side)
    with Terminal() as progress:
        for name in (home, *others):
            progress.step(f"cells of {name}")
            known.add(parts[name], home=name == home)
        for fields in options.fields:
            progress.step(f"red cells of {fields.stem}")
            known.add_strange(red_cells(fields))
        score = known.fit(seed := model.card.recipe.get("seed", 0))
        progress.step(f"validation cells of {home}")
        pictures = pictures_of(val.rows(np.flatnonzero(val.table["laboratory"] == home)))
        images = framed(pictures, side, [1.0] * len(pictures), model.threads)
        setting, measuring = np.array_split(np.random.default_rng(seed).permutation(len(images)), 2)
        set_scale(score, look(images[setting]), look(changed(images[setting], seed + 1)))

    def flagged(shown: np.ndarray) -> float:
        return float((scores_of(score, look(shown)) > 0.5).mean())

    def same(written: Classifier) -> None:
        shown = images[:16]
        assert np.allclose(written.unknown(shown), scores_of(score, look(shown)), atol=1e-3), "the file differs"

    rates = flagged(images[measuring]), flagged(changed(images[measuring], seed + 2))
    print(f"{home}, validation images flagged: {rates[0]:.1%}, changed {rates[1]:.1%}")
    if apart is None:
        said = {"threshold": 0.5, "rate": rates[0], "rate_augmented": rates[1], "images": len(measuring)}
        card = replace(model.card, unknown={**said, "method": METHOD, "laboratories": [home, *others]})
        save_model(with_unknown(graph, score.eval()), options.output or path, card, check=same)
        return
    for title, pictures in [
        (f"{options.leave_out}, left out", pictures_of(apart)),
        *((f"red cells of {fields.stem}", red_cells(fields)) for fields in options.score),
    ]:
        shown = framed(pictures, side, [1.0] * len(pictures), model.threads)
        print(f"{title}, {len(shown):,} images flagged: {flagged(shown):.1%}")


if __name__ == "__main__":
    main()
