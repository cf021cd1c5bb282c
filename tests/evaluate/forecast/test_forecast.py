import json

import numpy as np
import pytest

from hemascope.errors import RunError
from hemascope.evaluate.forecast.forecast import (
    FILE_NAME,
    Forecast,
    Forecaster,
    local,
    read_forecast,
    remove_forecast,
)
from hemascope.predict.unlike import Unlike
from tests.evaluate.forecast.made_up import K, classified, reference, targets_of


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    return Forecaster(reference())


def test_local_is_the_measured_share():
    said = local(95, 100, "val")
    assert said["accuracy"]["value"] == 0.95
    assert said["accuracy"]["low"] < 0.93 < 0.97 < said["accuracy"]["high"]
    assert (said["images"], said["split"]) == (100, "val")


def test_transformed_is_the_mean_over_the_severities_of_the_mixture(forecaster):
    said = forecaster.transformed()
    mixed = forecaster.reference.accuracy[-5:]
    assert list(said["by_severity"].values()) == mixed.tolist()
    assert said["accuracy"]["value"] == pytest.approx(mixed.mean())
    assert 0.01 < said["accuracy"]["high"] - said["accuracy"]["low"] < 0.15


def test_folder(forecaster):
    targets = targets_of(300, seed=5)
    images = classified(targets, 3.5, seed=50)
    said = forecaster.folder(images, [f"class {i}" for i in range(K)])
    accuracy = (images.upright.argmax(axis=1) == targets).mean()
    assert said["accuracy"]["value"] == pytest.approx(accuracy, abs=0.04)
    assert said["accuracy"]["low"] <= accuracy <= said["accuracy"]["high"]
    assert said["images"] == 300
    assert said["widening"] == 1
    assert sum(said["proportions"].values()) == pytest.approx(1)
    assert all(0 <= value <= 1 for part in ("uncorrected", "statistics") for value in said[part].values())


def test_folder_of_one_class_or_of_strange_confidences_is_told_and_its_interval_widened(forecaster):
    usual = forecaster.folder(classified(targets_of(300, seed=5), 3.5))
    alone = forecaster.folder(classified(np.zeros(300, int), 3.5))
    assert alone["novelty"]["proportions"] > 1
    widths = [said["accuracy"]["high"] - said["accuracy"]["low"] for said in (usual, alone)]
    assert widths[1] > 1.3 * widths[0]

    sure = classified(targets_of(300, seed=5), 3.5)
    split = type(sure)(sure.upright, np.roll(sure.upright, 1, axis=1))  # always sure, never of the same class
    said = forecaster.folder(split)
    assert said["novelty"]["confidences"] > 1
    assert said["widening"] == pytest.approx(min(4, max(said["novelty"].values())))


def test_folder_far_outside_what_was_learnt_has_no_interval(forecaster):
    images = classified(targets_of(300, seed=5), 3.5)
    said = forecaster.folder(images, unlike=Unlike(9.0, "These images are unlike those."))
    assert (said["accuracy"]["low"], said["accuracy"]["high"]) == (None, None)
    assert said["accuracy"]["value"] == forecaster.folder(images)["accuracy"]["value"]
    assert said["unlike"] == {"score": 9.0, "message": "These images are unlike those."}
    assert forecaster.folder(images)["unlike"] is None

    never_alike = type(images)(images.upright, np.roll(images.upright, 1, axis=1))
    said = forecaster.folder(never_alike)
    assert said["novelty"]["confidences"] > 4
    assert said["accuracy"]["low"] is None


def test_about_tells_the_check(forecaster):
    said = forecaster.about()
    assert len(said["settings"]) == 77
    errors = [abs(part["predicted"] - part["accuracy"]) for part in said["settings"]]
    assert said["mean_absolute_error"] == pytest.approx(np.mean(errors))


def test_reads_what_it_wrote(tmp_path):
    assert read_forecast(tmp_path) is None
    Forecast({"images": 1}, {}, {"name": "é"}, {}).write(tmp_path)
    found = read_forecast(tmp_path)
    assert found is not None
    assert (found.level, found.local, found.unlabelled) == (0.9, {"images": 1}, {"name": "é"})
    remove_forecast(tmp_path)
    remove_forecast(tmp_path)
    assert read_forecast(tmp_path) is None


@pytest.mark.parametrize("content", ["{", "[]", '{"format_version": 1}', '{"format_version": 99}'])
def test_what_cannot_be_read_is_said(tmp_path, content):
    (tmp_path / FILE_NAME).write_text(content)
    with pytest.raises(RunError, match=r"forecast") as said:
        read_forecast(tmp_path)
    assert "Delete it" in said.value.remedy
    Forecast({}, {}, {}, {}).write(tmp_path)
    assert json.loads((tmp_path / FILE_NAME).read_text())["format_version"] == 1
