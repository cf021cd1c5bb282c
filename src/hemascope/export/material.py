"""What a head for several laboratories is fitted to: their cells, and those of home as others would show them."""

from collections.abc import Iterator

import numpy as np

from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.export.laboratories import Laboratory
from hemascope.export.views import another_camera, colours_of, framed, poor_camera
from hemascope.predict.classifier import Classifier
from hemascope.progress import SILENT, Progress

EACH = 300
"""Images a class at home that are recoloured."""

_HELD_OUT = 0.2
_BATCH = 64  # even, so that the images that `poor_camera` shrinks are those of even rows


class Eyes:
    """What the network of a model makes of images.

    Args:
        model: whose network it is.
        progress: told how many it has seen.
    """

    def __init__(self, model: Classifier, progress: Progress = SILENT) -> None:
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
        """Features, float32 (n, d), of images as a poor camera would show them: of even rows shrunk, else worn."""
        batches = self._batches(source, f"{name}, by a poor camera")
        views = (poor_camera(images, self._side, first, self._threads) for first, images in batches)
        return np.concatenate([self._model.features(seen) for seen in views])

    def _batches(self, source: Manifest, name: str) -> Iterator[tuple[int, list[np.ndarray]]]:
        """Number of the first and pixels of some images at a time.

        Raises:
            DecodeError: one is unreadable.
        """
        waiting: list[np.ndarray] = []
        self._progress.step(name, len(source))
        for row, image in read_images(source):
            if not isinstance(image, np.ndarray):
                raise image
            waiting.append(image)
            if len(waiting) == _BATCH or row + 1 == len(source):
                yield row + 1 - len(waiting), waiting
                waiting = []
                self._progress.done(row + 1)


class Material:
    """Features of all laboratories, home first: that of the most images.

    Args:
        source: labelled images, each with its laboratory.
        eyes: the network.

    Attributes:
        names: of the laboratories, home first.
        targets: class numbers, int (n,), by laboratory.
        plain: features of the images as they are, float32 (n, d), by laboratory.
        poor: of those at home by a poor camera, see `Eyes.poorly`.
        held: a fifth of the images at home, to be held out, bool (n,).
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
        self.held = np.random.default_rng(0).random(len(own)) < _HELD_OUT
        self._chosen = np.concatenate([np.flatnonzero(own == number)[:EACH] for number in range(own.max() + 1)])
        few = parts[home].rows(self._chosen)
        self._recoloured = eyes.changed(few, f"{home}, recoloured")
        self._foreign = {name: eyes.changed(few, f"{home}, as {name}", seen[name][1]) for name in others}

    def laboratories(
        self, held: np.ndarray | None = None, *, without: str = "", recoloured: bool = True, poor: bool = True
    ) -> list[Laboratory]:
        """What teaches, home first.

        Args:
            held: images at home that do not, bool (n,), as `held`; none where not given.
            without: a laboratory that does not, nor do its colours.
            recoloured: whether home teaches recoloured, too.
            poor: whether home teaches by a poor camera, too.
        """
        home, *others = (name for name in self.names if name != without)
        own = self.targets[home]
        held = np.zeros(len(own), bool) if held is None else held
        kept, few = ~held[self._chosen], own[self._chosen]
        whole = [seen[~held] for seen in (self.plain[home], *([self.poor] if poor else []))]
        foreign = [self._foreign[name] for name in others]
        part = [seen[kept] for seen in (self._recoloured, *foreign)] if recoloured else []
        targets = [own[~held]] * len(whole) + [few[kept]] * len(part)
        at_home = Laboratory(np.concatenate([*whole, *part]), np.concatenate(targets), {})
        stand_ins = {
            name: {number: self._foreign[name][kept & (few == number)] for number in np.unique(few).tolist()}
            for name in others
        }
        return [at_home, *(Laboratory(self.plain[name], self.targets[name], stand_ins[name]) for name in others)]
