import json

import numpy as np
import pandas as pd
import pytest

from hemascope.errors import RunError
from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.shift.registry import MEDMNIST_C
from hemascope.evaluate.shift.result import COLUMNS, ShiftResult, read_shift, remove_shift, spread


def result(scores: dict[str, list[float]], clean: float = 0.9) -> ShiftResult:
    rows = [("clean", 0, 50, clean, clean)]
    rows += [(name, i + 1, 50, value, value) for name, values in scores.items() for i, value in enumerate(values)]
    spread = {"hue": {"accuracy": Score(0.7, 0.6, 0.8), "balanced_accuracy": Score(0.7, 0.5, 0.9)}}
    return ShiftResult(pd.DataFrame(rows, columns=list(COLUMNS)), 224, 3, "val", spread)


def test_means_over_severities_then_over_corruptions():
    found = result({"hue": [0.8, 0.6], "gamma": [0.9, 0.7], "random": [0.5, 0.1]})
    assert found.by_corruption()["balanced_error"].round(6).to_dict() == {"hue": 0.3, "gamma": 0.2, "random": 0.7}
    assert found.mean_balanced_error == pytest.approx(0.25)  # the mixture is told apart
    assert found.severities == (1, 2)
    assert (found.worst["corruption"], found.worst["severity"]) == ("random", 2)
    assert result({"random": [0.5]}).mean_balanced_error is None


def test_medmnist_c_wants_all_eleven_in_all_severities():
    scores = {corruption.name: [0.99, 0.98, 0.97, 0.96, 0.95] for corruption in MEDMNIST_C}
    assert result(scores | {"random": [0.1] * 5}).medmnist_c == pytest.approx(0.03)
    assert result({name: values[:3] for name, values in scores.items()}).medmnist_c is None
    scores.pop("bubble")
    assert result(scores).medmnist_c is None


def test_reads_what_it_wrote(tmp_path):
    written = result({"hue": [0.8, 0.6], "random": [0.5, 0.25]})
    written.write(tmp_path)
    again = read_shift(tmp_path)
    assert again is not None
    pd.testing.assert_frame_equal(again.table, written.table, check_dtype=False)
    assert (again.side, again.seed, again.split, again.images) == (224, 3, "val", 50)
    assert again.spread == written.spread
    assert again.images_a_second is None
    summary = json.loads((tmp_path / "shift.json").read_text())
    assert summary == written.summary()
    assert summary["worst"] == {"corruption": "random", "severity": 2, "accuracy": 0.25, "balanced_accuracy": 0.25}
    assert summary["corruptions"]["hue"]["family"] == "colour"
    remove_shift(tmp_path)
    assert read_shift(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("shift.json", "{"),
        ("shift.csv", "a,b\n"),
        ("shift.json", '{"format_version": 99, "side": 1, "seed": 1, "split": ""}'),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, name, content):
    result({"hue": [0.8]}).write(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(RunError, match="shift suite") as said:
        read_shift(tmp_path)
    assert "Delete" in said.value.remedy


def test_means_of_settings_and_of_classes():
    hits = np.array([[1, 1], [1, 0], [0, 0], [1, 1]], bool)
    found = spread(hits, np.array([0, 0, 0, 1]), {"both": np.array([True, True]), "first": np.array([True, False])})
    assert found["both"]["accuracy"].value == pytest.approx(5 / 8)
    assert found["both"]["balanced_accuracy"].value == pytest.approx((3 / 6 + 1) / 2)
    assert found["first"]["balanced_accuracy"].value == pytest.approx((2 / 3 + 1) / 2)
    for scores in found.values():
        for score in scores.values():
            assert 0 <= score.low <= score.value <= score.high <= 1


def test_settings_that_fail_on_the_same_images_tell_no_more_than_one():
    generator = np.random.default_rng(0)
    one = generator.random(200) < 0.8
    other = generator.random((200, 10)) < 0.8
    targets = np.zeros(200, int)
    everything = {"all": np.ones(10, bool)}

    def width(hits: np.ndarray) -> float:
        score = spread(hits, targets, everything)["all"]["accuracy"]
        return score.high - score.low

    assert width(np.repeat(one[:, None], 10, axis=1)) == pytest.approx(3.92 * one.std() / np.sqrt(200), rel=0.15)
    assert width(other) < width(np.repeat(one[:, None], 10, axis=1)) / 2
