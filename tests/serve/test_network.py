from dataclasses import replace

import numpy as np
import pytest

from hemascope import load
from hemascope.predict.unlike import describe
from hemascope.serve.body import Upload
from hemascope.serve.network import Network
from hemascope.serve.schemas import Answer
from tests.predict.model import CLASSES, COLOURS
from tests.predict.pictures import encoded


def test_answers_have_the_members_of_the_schema(model):
    judged = Network(load(model, threads=1), 1000)([Upload("a", encoded("basophil")), Upload(None, b"bad")])
    answers = [answer for answer, _ in judged]
    for answer in answers:
        Answer.model_validate(answer, strict=True)
        assert answer.keys() == Answer.model_fields.keys()
    assert [answer["label"] for answer in answers] == ["basophil", None]
    assert answers[0]["unknown"] is answers[0]["is_unknown"] is None
    assert answers[0]["sets"] == {}


def test_what_the_classifier_says_of_unknown_objects_is_passed_on(model, monkeypatch):
    classifier = load(model, threads=1)
    first = classifier([encoded("basophil")])[0]

    class Telling:
        card = replace(classifier.card, conformal={"levels": [0.9], "masses": [0.5]})
        sets = classifier.sets
        vocabulary = None

        def __call__(self, images, attributes):
            return [replace(first, unknown=0.75, is_unknown=True) for _ in images]

    ((answer, _),) = Network(Telling(), 1000)([Upload("a", encoded("basophil"))])
    assert (answer["unknown"], answer["is_unknown"]) == (0.75, True)
    assert answer["sets"] == {}  # a set promises that one of the classes is true


def test_prediction_sets_of_every_coverage_on_the_card(model):
    classifier = load(model, threads=1)
    classifier.card = replace(classifier.card, conformal={"levels": [0.9, 0.99], "masses": [0.5, 1.0]})
    ((answer, _),) = Network(classifier, 1000)([Upload("a", encoded("basophil"))])
    assert answer["sets"]["0.9"] == ("basophil",)
    assert answer["sets"]["0.99"][0] == "basophil"
    assert len(answer["sets"]["0.99"]) == 3


def test_a_network_that_fails_on_an_image_says_so(model):
    classifier = load(model, threads=1)
    first = classifier([encoded("basophil")])[0]

    class Failing:
        card = classifier.card
        vocabulary = None

        def __call__(self, images, attributes):
            return [replace(first, label="", error="the network failed: out of memory") for _ in images]

    ((answer, _),) = Network(Failing(), 1000)([Upload("a", encoded("basophil"))])
    assert answer["error"]["status"] == 500
    assert "out of memory" in answer["error"]["detail"]


@pytest.mark.parametrize(("moved", "images", "said"), [(0, 9, False), (30, 9, True), (30, 7, False)])
def test_a_request_of_images_unlike_those_of_the_calibration(model, moved, images, said):
    classifier = load(model, threads=1)
    colours = np.array([COLOURS[name] for name in CLASSES] * 20, float)
    classifier.card = replace(classifier.card, look=describe(colours + moved, np.arange(60) % 3, 3))
    network = Network(classifier, 1000)
    judged = network([Upload(None, encoded(CLASSES[i % 3])) for i in range(images)] + [Upload(None, b"bad")])
    found = network.unlike(judged)
    assert (found is not None) is said
    if found:
        assert found["score"] > 4
        assert found["message"].startswith("These images are unlike those that the model was calibrated on")
