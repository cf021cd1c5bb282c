"""For scikit-learn: a classifier taught by some labelled pictures, and a transformer of pictures to features."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from hemascope.adapt.head import Head, find_head
from hemascope.adapt.lesson import Lesson, Observed, learn
from hemascope.adapt.teach import HOLD, RIDGE
from hemascope.errors import DecodeError, HemascopeError, ModelFileError
from hemascope.files import atomic
from hemascope.pipeline.pictures import are_rows, listed, unfolded
from hemascope.predict.classifier import Classifier
from hemascope.predict.classifier import load as open_classifier
from hemascope.predict.features import features_of
from hemascope.predict.items import Item
from hemascope.predict.pixels import Picture
from hemascope.predict.shipped import DEFAULT, find

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data
except ModuleNotFoundError as problem:
    if problem.name != "sklearn":
        raise
    raise HemascopeError("this needs scikit-learn, which is not installed", "pip install 'hemascope[audit]'") from None

if TYPE_CHECKING:
    import onnx

_OPEN = 4  # models that stay open between calls, so that a grid search opens each once


class HemascopeFeatures(TransformerMixin, BaseEstimator):
    """Pictures to a network's pooled features, for any scikit-learn model behind it; nothing is fitted.

    What pictures, ``X``, may be: a list (or any sequence, a column of a table) of paths, encoded bytes, Pillow images
    or uint8 arrays of any sizes; uint8 (n, h, w, 3) or (n, h, w); or, as scikit-learn has them, flat rows (n, p) of
    pictures of one size: integers 0 .. 255 or floats 0 .. 1, of ``image_shape``, or else square ones of three channels
    or of one.

    Args:
        model: a model file, a Run folder or a shipped model's name.
        image_shape: (h, w) or (h, w, 3) of flat rows.
        threads: images worked on at a time; one a core where not given.
        device: where the network runs, as of `hemascope.load`.

    >>> drawn = np.full((2, 48, 48, 3), 200, np.uint8)
    >>> HemascopeFeatures("tiny", threads=1).fit_transform(drawn).shape
    (2, 1280)
    """

    def __init__(
        self,
        model: str | Path = DEFAULT,
        *,
        image_shape: tuple[int, ...] | None = None,
        threads: int | None = None,
        device: str | None = None,
    ) -> None:
        self.model = model
        self.image_shape = image_shape
        self.threads = threads
        self.device = device

    def fit(self, X: Any, y: Any = None) -> HemascopeFeatures:  # noqa: N803
        """Look at the pictures' kind, and at the model."""
        self._pictures(X, reset=True)
        self._opened()
        return self

    def transform(self, X: Any) -> np.ndarray:  # noqa: N803
        """Float32 (n, d).

        Raises:
            ValueError: they are no pictures.
            DecodeError: the first that cannot be read.
        """
        return _seen(self._opened(), self._pictures(X, reset=False)).features[:, 0]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """``feature0``, ``feature1`` …, as many as the network has."""
        blank = np.zeros((1, 8, 8, 3), np.uint8)
        width = self._opened().run("features", blank).shape[1]
        return np.array([f"feature{number}" for number in range(width)], dtype=object)

    def _opened(self) -> Classifier:
        return _opened(self.model, self.threads, self.device)

    def _pictures(self, X: Any, *, reset: bool) -> list[Picture]:  # noqa: N803
        """The pictures; flat rows are checked as scikit-learn does."""
        if not are_rows(X):
            return listed(X)
        return unfolded(validate_data(self, X, reset=reset), self.image_shape)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = []  # features are float32, whatever the pictures are
        tags.input_tags.positive_only = True
        tags.input_tags.three_d_array = tags.input_tags.string = True
        return tags


class HemascopeClassifier(ClassifierMixin, BaseEstimator):
    """Pictures to classes: a model file's frozen features under a head that `fit` refits to the labelled pictures.

    As `hemascope.adapt` does with labelled cells, but for the classes: those of ``y`` and no others. The head of those
    that the model knows begins as the model's own and is held by what the file remembers of them; others are learnt
    from the pictures alone, so labels may be of any kind. Fitting takes seconds and no torch. For thousands of
    pictures of another kind of cell, train: `hemascope.train`.

    Args:
        model: a model file, a Run folder or a shipped model's name.
        hold: weight of what the file remembers of classes that it knows; that of the labelled pictures is 1. With many
            pictures, lower it; 0 leaves it out.
        ridge: weight of the correction's size; larger holds the head nearer to the model's own.
        image_shape: (h, w) or (h, w, 3) of flat rows, see `HemascopeFeatures`, which says what pictures may be.
        threads: images worked on at a time; one a core where not given.
        device: where the network runs, as of `hemascope.load`.
        random_state: of the parts of the cross-validation, by which the probabilities are calibrated.

    Attributes:
        classes_: the labels, sorted.
        lesson_: what was learnt: ``lesson_.taught`` says the accuracy before and after, by cross-validation; None of
            a loaded one.

    >>> dark, light = np.zeros((6, 32, 32, 3), np.uint8), np.full((6, 32, 32, 3), 230, np.uint8)
    >>> dark[1:, ::2], light[1:, ::2] = np.arange(5)[:, None, None, None], 200
    >>> pictures, labels = np.concatenate([dark, light]), ["dark"] * 6 + ["light"] * 6
    >>> classifier = HemascopeClassifier("tiny", threads=1).fit(pictures, labels)
    >>> classifier.predict(pictures[[0, -1]]).tolist(), classifier.score(pictures, labels)
    (['dark', 'light'], 1.0)
    """

    def __init__(
        self,
        model: str | Path = DEFAULT,
        *,
        hold: float = HOLD,
        ridge: float = RIDGE,
        image_shape: tuple[int, ...] | None = None,
        threads: int | None = None,
        device: str | None = None,
        random_state: Any = 0,
    ) -> None:
        self.model = model
        self.hold = hold
        self.ridge = ridge
        self.image_shape = image_shape
        self.threads = threads
        self.device = device
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> HemascopeClassifier:  # noqa: N803
        """Refit the head to labelled pictures.

        Args:
            X: pictures, see `HemascopeFeatures`.
            y: their labels, (n,).

        Raises:
            ValueError: they are no pictures, or fewer than two, or not as many as labels.
            DecodeError: the first that cannot be read.
            ModelFileError: the model has no linear head, or was taught already.
        """
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None: the pictures' labels"
            )
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        pictures = self._pictures(X, reset=True)
        if len(y) != len(pictures):
            raise ValueError(f"{len(pictures)} pictures and {len(y)} labels: inconsistent numbers of samples")
        if len(y) < 2:
            raise ValueError(f"n_samples={len(y)}: at least two labelled pictures are needed")
        classes, numbers = np.unique(y, return_inverse=True)
        names = [str(one) for one in classes.tolist()]
        classifier = _opened(self.model, self.threads, self.device)
        self.lesson_ = learn(
            classifier,
            _graph(classifier),
            _seen(classifier, pictures),
            [names[number] for number in numbers],
            keep=False,
            hold=self.hold,
            ridge=self.ridge,
            seed=int(check_random_state(self.random_state).randint(1 << 31)),
        )
        order = [self.lesson_.taught.classes.index(name) for name in names]
        head = self.lesson_.head.at(self.lesson_.temperature)
        self._learnt = _Learnt(Head(head.weight[order], head.bias[order]), classifier.digest)
        self.classes_ = classes
        return self

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: N803
        """Calibrated probabilities, float64 (n, k), of the classes in the order of `classes_`.

        Raises:
            ValueError: they are no pictures.
            DecodeError: the first that cannot be read.
            ModelFileError: the model is another one than at fitting.
        """
        check_is_fitted(self, "classes_")
        pictures = self._pictures(X, reset=False)
        classifier = _opened(self.model, self.threads, self.device)
        if classifier.digest != self._learnt.digest:
            raise ModelFileError(f"{classifier.path}: is another model than at fitting", "Fit anew, or put it back.")
        return special.softmax(self._learnt.head.logits(_seen(classifier, pictures).features[:, 0]), axis=1)

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """The likeliest class of each, as in ``y``; raises as `predict_proba`."""
        probabilities = self.predict_proba(X)  # which first makes sure that there are classes
        return self.classes_[probabilities.argmax(axis=1)]

    def save(self, path: str | Path) -> None:
        """Write a model file with this head, which `hemascope predict`, `load` and all else take; labels become names.

        Raises:
            NotFittedError: nothing was learnt.
            ModelFileError: the model is another one than at fitting, or what the file says does not fit together.
            WriteError: it cannot be written.
        """
        import onnx

        check_is_fitted(self, "classes_")
        classifier = _opened(self.model, self.threads, self.device)
        with atomic(Path(path)) as temporary:
            if self.lesson_ is None:
                shutil.copyfile(classifier.path, temporary)
            else:
                onnx.save(self.lesson_.model(_graph(classifier), str(classifier.path)), temporary)
            open_classifier(temporary, threads=1, device="cpu")  # refused here rather than where it is used

    @classmethod
    def load(cls, path: str | Path, **options: Any) -> HemascopeClassifier:
        """A fitted one of any model file with a linear head, its classes those of the file.

        Args:
            path: a model file, a Run folder or a shipped model's name.
            options: further arguments of the class.

        Raises:
            ModelFileError: there is none, or it cannot be used.
        """
        found = cls(path, **options)
        classifier = _opened(found.model, found.threads, found.device)
        found.lesson_ = None
        found.classes_ = np.array(classifier.classes)
        found._learnt = _Learnt(find_head(_graph(classifier), str(classifier.path)), classifier.digest)
        return found

    lesson_: Lesson | None
    classes_: np.ndarray
    _learnt: _Learnt
    _pictures = HemascopeFeatures._pictures

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.input_tags.three_d_array = tags.input_tags.string = True
        return tags


@dataclass(frozen=True)
class _Learnt:
    """A head whose classes are in the order of `HemascopeClassifier.classes_`, and whose features it is made for."""

    head: Head
    digest: str


def _opened(model: str | Path, threads: int | None, device: str | None) -> Classifier:
    path = find(model)
    return _kept(path.resolve(), path.stat().st_mtime_ns, threads, device)


@lru_cache(_OPEN)
def _kept(path: Path, changed: int, threads: int | None, device: str | None) -> Classifier:
    return open_classifier(path, threads=threads, device=device)


def _graph(classifier: Classifier) -> onnx.ModelProto:
    import onnx

    return onnx.load(classifier.path)


def _seen(classifier: Classifier, pictures: Sequence[Picture]) -> Observed:
    """What a model makes of pictures; raises the DecodeError of the first that it cannot read."""
    named = (
        Item(str(picture) if isinstance(picture, str | Path) else f"picture {number}", picture)
        for number, picture in enumerate(pictures)
    )
    with closing(features_of(classifier, named)) as stream:
        blocks = list(stream)
    for path, error in (
        (path, error) for block in blocks for path, error in zip(block.paths, block.errors, strict=True)
    ):
        if error:
            raise DecodeError(f"{path}: {error}")
    unknown = None if classifier.unknown_threshold is None else np.concatenate([one.unknown_or_none for one in blocks])
    colours = np.concatenate([one.colours for one in blocks if one.colours is not None])
    features = np.concatenate([one.probabilities for one in blocks])[:, None]  # of each picture as it is, not turned
    return Observed(features, unknown, colours.astype(np.float64))
