import numpy as np

from hemascope.report.words import confusions, headline_split, notes, verdict


def by_class(support, recall=0.9):
    return {"support": support, "precision": {"value": 0.9}, "recall": {"value": recall}}


def measured(value=0.98423, images=1712, **changes):
    score = {"value": value, "low": 0.9771, "high": 0.9889 if value < 1 else 1}
    return {
        "images": images,
        "scores": {"accuracy": score},
        "absent": [],
        "classes": {"x": by_class(images)},
        "unlabelled": 0,
        "unknown_labels": 0,
        **changes,
    }


def said(split, trained=True, **changes):
    part = measured(**changes)
    return " ".join(notes(split, {"splits": {split: part}}, trained))


def test_verdict():
    assert verdict("val", measured(), True) == "On 1,712 images kept apart (val), 98.4% right [97.7–98.9]."  # noqa: RUF001
    assert verdict("train", measured(), True).startswith("On 1,712 images it was trained on (train), ")
    assert verdict("train", measured(), False).startswith("On 1,712 images (train), 98.4% right")
    assert verdict("all", measured(images=1), False).startswith("On 1 image, 98.4% right")
    one = measured(images=1, scores={"accuracy": {"value": 1.0, "low": None, "high": None}})
    assert verdict("all", one, False) == "On 1 image, 100% right."


def test_headline_is_test_before_val_before_others_before_train():
    assert headline_split({"splits": {"train": 1, "val": 1, "test": 1}}) == "test"
    assert headline_split({"splits": {"train": 1, "val": 1}}) == "val"
    assert headline_split({"splits": {"all": 1, "train": 1}}) == "all"
    assert headline_split({"splits": {"train": 1}}) == "train"
    assert headline_split({"splits": {}}) is None


def test_what_the_scored_split_had_a_say_in():
    assert said("val").startswith("Optimistic: there is no test part.")
    assert said("test").startswith("The test part had no say")
    assert "nothing about new ones" in said("train")
    assert "finished model" in said("val", trained=False)
    assert "finished model" in said("train", trained=False)  # a source's own train part, not the model's
    assert "other laboratories" in said("test")


def test_a_perfect_score_is_no_certainty():
    assert "as high as 10.0% (rule of three)" in said("test", value=1, images=30)
    assert "rule of three" not in said("test")


def test_a_class_without_mistakes_is_no_certainty_either():
    assert "up to 3/n may still go the other way" in said("test", classes={"x": by_class(50, recall=1.0)})


def test_what_was_not_measured_is_said():
    text = said("test", absent=["y"], classes={"x": by_class(7)}, unknown_labels=3, unlabelled=2)
    assert "left out of the means over classes: y." in text
    assert "Few images, so wide intervals: x (7)." in text
    assert "3 images have a label that the model does not know" in text
    assert "2 images have no label" in text


def test_commonest_confusions():
    counts = np.array([[9, 1, 0], [4, 9, 0], [0, 2, 9]])
    found = confusions(counts, ("monocyte", "platelet", "basophil"), most=2)
    assert found == [(4, "Platelet", "Monocyte"), (2, "Basophil", "Platelet")]
    assert confusions(np.eye(2, dtype=int), ("a", "b")) == []


def test_images_unlike_those_of_the_calibration_come_first():
    metrics = {"splits": {"all": measured()}, "unlike": {"score": 9.0, "message": "These images are unlike those."}}
    assert notes("all", metrics, False)[0] == "These images are unlike those."
