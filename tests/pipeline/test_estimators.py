"""scikit-learn's own checks, and what people do with pictures."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import validate_data

import hemascope
from hemascope import HemascopeClassifier, HemascopeFeatures
from hemascope.adapt.memory import Memory, store_memory
from hemascope.errors import DecodeError, ModelFileError
from tests.predict.model import CLASSES, COLOURS, write_model

NO_PICTURES = "its X is two or so random numbers a row, which are no picture; on pictures of them it passes (OnNumbers)"
ROUNDED = "a float32 network's answers depend on the size of the batch by 1e-7"

ON_FEW_NUMBERS = {
    "check_estimators_overwrite_params",
    "check_dont_overwrite_parameters",
    "check_estimators_fit_returns_self",
    "check_readonly_memmap_input",
    "check_n_features_in_after_fitting",
    "check_estimators_dtypes",
    "check_dtype_object",
    "check_pipeline_consistency",
    "check_estimators_pickle",
    "check_f_contiguous_array_estimator",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_fit2d_1sample",
    "check_fit2d_1feature",
    "check_dict_unchanged",
    "check_fit_idempotent",
    "check_fit_check_is_fitted",
    "check_n_features_in",
    "check_fit2d_predict1d",
}
"""Checks of scikit-learn whose rows cannot be pictures."""


def drawn(rows):
    """Numbers as pictures: three a stripe, one a channel, the larger the lighter."""
    light = np.rint(255 / (1 + np.exp(-rows / 2))).astype(np.uint8)
    stripes = -(-light.shape[1] // 3)
    padded = np.pad(light, ((0, 0), (0, 3 * stripes - light.shape[1]))).reshape(len(light), 1, stripes, 3)
    return list(padded.repeat(4, axis=1).repeat(4, axis=2))


class OnNumbers(HemascopeClassifier):
    """The classifier itself, shown pictures of scikit-learn's numbers."""

    def __init__(self, model="", *, hold=1.0, ridge=1e-4, image_shape=None, threads=1, device="cpu", random_state=0):
        super().__init__(model, hold=hold, ridge=ridge, image_shape=image_shape, threads=threads, device=device,
                         random_state=random_state)  # fmt: skip

    def _pictures(self, X, *, reset):  # noqa: N803
        return drawn(validate_data(self, X, reset=reset))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = False
        return tags


class FeaturesOfNumbers(HemascopeFeatures):
    def __init__(self, model="", *, image_shape=None, threads=1, device="cpu"):
        super().__init__(model, image_shape=image_shape, threads=threads, device=device)

    _pictures = OnNumbers._pictures
    __sklearn_tags__ = lambda self: _any_numbers(HemascopeFeatures.__sklearn_tags__(self))  # noqa: E731


def _any_numbers(tags):
    tags.input_tags.positive_only = False
    return tags


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Its features are a picture's mean colour; it remembers some of each class."""
    import onnx

    path = write_model(tmp_path_factory.mktemp("model") / "colours.onnx", unknown=0.99)
    content = onnx.load(path)
    rng = np.random.default_rng(0)
    targets = np.repeat(np.arange(3), 8)
    means = np.array([COLOURS[name] for name in CLASSES]) / 255
    store_memory(content, Memory(CLASSES, targets, (means[targets] + rng.normal(0, 0.03, (24, 3))).astype(np.float32)))
    onnx.save(content, path)
    return str(path)


def coloured(*names, each=6, seed=0, size=(9, 7)):
    """Pictures, uint8, of about the colours of classes, and their labels."""
    rng = np.random.default_rng(seed)
    colours = {**COLOURS, "mast cell": (120, 30, 160)}
    labels = [name for name in names for _ in range(each)]
    pictures = np.array([colours[name] for name in labels], float)[:, None, None] + rng.normal(
        0, 12, (len(labels), *size, 3)
    )
    return pictures.clip(0, 255).astype(np.uint8), np.array(labels)


def checked(estimator, **expected):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(estimator, expected_failed_checks=expected, on_skip=None)
    passed = {one["check_name"] for one in found if one["status"] == "passed"}
    assert not passed & set(expected)  # a check that passes needs no excuse
    return passed


def test_scikit_learns_checks_of_a_classifier(model):
    assert len(checked(OnNumbers(model), check_methods_subset_invariance=ROUNDED)) >= 45


def test_scikit_learns_checks_of_a_transformer(model):
    assert len(checked(FeaturesOfNumbers(model))) >= 38


def test_scikit_learns_checks_that_need_no_pictures(model):
    also = {"check_classifier_data_not_an_array", "check_classifiers_classes", "check_classifiers_train"}
    expected = dict.fromkeys(ON_FEW_NUMBERS | also, NO_PICTURES)
    passed = checked(HemascopeClassifier(model, threads=1, device="cpu"), **expected)
    assert {"check_estimators_unfitted", "check_estimator_cloneable", "check_get_params_invariance",
            "check_requires_y_none", "check_estimators_nan_inf"} <= passed  # fmt: skip


def test_it_learns_classes_that_the_model_does_not_know(model, tmp_path):
    pictures, labels = coloured("mast cell", "basophil")
    classifier = HemascopeClassifier(model, threads=1).fit(pictures, labels)
    assert classifier.classes_.tolist() == ["basophil", "mast cell"]  # those of y and no others
    unseen, truth = coloured("basophil", "mast cell", each=20, seed=1)
    assert classifier.score(unseen, truth) == 1
    probabilities = classifier.predict_proba(unseen)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (classifier.classes_[probabilities.argmax(axis=1)] == classifier.predict(unseen)).all()
    assert classifier.lesson_.taught.after[0] == 1

    classifier.save(tmp_path / "mine.onnx")
    deployed = hemascope.load(tmp_path / "mine.onnx")
    order = [deployed.classes.index(name) for name in classifier.classes_]
    np.testing.assert_allclose(deployed.probabilities(unseen)[:, order], probabilities, atol=1e-6)
    again = HemascopeClassifier.load(tmp_path / "mine.onnx", threads=1)
    assert again.score(unseen, truth) == 1
    again.save(tmp_path / "copy.onnx")
    assert hemascope.load(tmp_path / "copy.onnx").digest == deployed.digest


def test_what_the_file_remembers_holds_the_head(model):
    """Few pictures of another light: held, the head knows its own still; without, it knows these alone."""
    pictures, labels = coloured(*CLASSES[:2])
    shifted = np.roll(pictures, 1, axis=-1)
    own, truth = coloured(*CLASSES[:2], each=20, seed=1)
    scores = [HemascopeClassifier(model, hold=hold).fit(shifted, labels).score(own, truth) for hold in (100, 0)]
    assert scores[0] > scores[1]


def test_labels_of_any_kind(model):
    pictures, labels = coloured("basophil", "lymphocyte")
    numbers = (labels == "lymphocyte").astype(int) * 7
    found = HemascopeClassifier(model).fit(pictures, numbers).predict(pictures)
    assert found.dtype == numbers.dtype
    assert (found == numbers).all()


def test_pictures_as_people_have_them(model, tmp_path):
    pictures, labels = coloured("basophil", "lymphocyte", "eosinophil", size=(8, 8))
    paths = [tmp_path / f"{number}.png" for number in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        Image.fromarray(picture).save(path)
    classifier = HemascopeClassifier(model, threads=1).fit(paths, labels)
    expected = classifier.predict_proba(pictures)
    flat = pictures.reshape(len(pictures), -1)
    for same in (
        list(map(str, paths)),
        pd.Series(map(str, paths)),
        np.array(list(map(str, paths)), dtype=object),
        [path.read_bytes() for path in paths],
        [Image.open(path) for path in paths],
        list(pictures),
        flat,
        flat / 255,
        pd.DataFrame(flat),
    ):
        np.testing.assert_allclose(classifier.predict_proba(same), expected, atol=1e-6)
    wide, _ = coloured("basophil", size=(3, 5))
    assert set(classifier.predict([*wide, *pictures[:3]])) == {"basophil"}  # of several sizes
    shaped = HemascopeFeatures(model, image_shape=(3, 5, 3))
    np.testing.assert_allclose(shaped.transform(wide.reshape(6, -1)), shaped.transform(wide))
    assert shaped.get_feature_names_out().tolist() == ["feature0", "feature1", "feature2"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ([], "at least one"),
        ("cells/", "array"),
        ([3.5, "a"], "array|dtype|could not convert"),
        ([None, None], "NoneType"),
        (np.zeros((2, 4, 4, 3)), "float64"),
        (np.full((2, 48), 999), "999"),
        (np.zeros((2, 7)), "image_shape"),
        (np.zeros((2, 48), np.uint8)[:, 0], "1D|1d|2D"),
    ],
)
def test_what_is_no_picture_says_so(model, wrong, why):
    with pytest.raises(ValueError, match=why):
        HemascopeFeatures(model).fit_transform(wrong)


def test_what_cannot_be_read_is_named(model, tmp_path):
    with pytest.raises(DecodeError, match=r"gone\.png"):
        HemascopeFeatures(model).transform([tmp_path / "gone.png"])
    pictures, labels = coloured("basophil", "lymphocyte")
    with pytest.raises(ValueError, match="12 pictures and 11 labels"):
        HemascopeClassifier(model).fit(pictures, labels[1:])
    with pytest.raises(NotFittedError):
        HemascopeClassifier(model).save(tmp_path / "m.onnx")


def test_it_is_small_in_a_pickle_and_tells_another_model(model, tmp_path):
    import shutil

    path = tmp_path / "m.onnx"
    shutil.copy(model, path)
    pictures, labels = coloured("basophil", "lymphocyte")
    classifier = HemascopeClassifier(str(path)).fit(pictures, labels)
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.predict_proba(pictures), classifier.predict_proba(pictures))
    assert not hasattr(clone(classifier), "classes_")
    write_model(path, sharpness=3)
    with pytest.raises(ModelFileError, match="another model than at fitting"):
        again.predict(pictures)


def test_in_a_search_and_a_pipeline(model):
    pictures, labels = coloured("basophil", "lymphocyte", "mast cell")
    search = GridSearchCV(HemascopeClassifier(model, threads=1), {"ridge": [1e-4, 1e-2]}, cv=2).fit(
        list(pictures), labels
    )
    assert search.best_score_ == 1
    pipeline = make_pipeline(HemascopeFeatures(model, threads=1), LogisticRegression(C=1e3))
    assert pipeline.fit(pictures, labels).score(pictures, labels) == 1
