import json
from pathlib import Path

import pytest

from hemascope.errors import RunError
from hemascope.evaluate.compare.contender import names_of, read_contender
from hemascope.evaluate.compare.cost import images_per_second
from hemascope.evaluate.tta_result import compare_tta
from tests.evaluate.compare.conftest import said_by


def val(_):
    return "val"


def test_a_folder_without_a_model_is_read(folders):
    found = read_contender(folders[0], "good", val)
    assert found.cost.minutes == 1.5
    assert found.cost.parameters is None
    assert set(found.views) == {"clean"}
    assert found.figures == {}


def test_measurements_of_the_same_split_are_taken_over(folders):
    said = said_by(5)
    result = compare_tta(
        said.targets, said.predicted, said.predicted, steps=2, plain_ms=1.0, averaged_ms=2.0, split="val"
    )
    result.write(folders[0])
    assert read_contender(folders[0], "good", val).figures["tta"] == result.averaged["accuracy"]
    about = json.loads((folders[0] / "tta.json").read_text())
    (folders[0] / "tta.json").write_text(json.dumps(about | {"split": "train"}))
    assert read_contender(folders[0], "good", val).figures == {}


def test_folders_that_hold_nothing_are_refused(folders, tmp_path):
    with pytest.raises(RunError, match="no such folder"):
        read_contender(tmp_path / "none", "none", val)
    with pytest.raises(RunError, match="no image of its split 'test' has a known label"):
        read_contender(folders[0], "good", lambda _: "test")


def test_names_are_short_where_they_can_be(tmp_path):
    assert names_of([tmp_path / "a", tmp_path / "b"]) == ["a", "b"]
    assert names_of([Path("a/run"), Path("b/run")]) == ["a/run", "b/run"]


def test_speed_is_that_of_the_fastest_round():
    class Model:
        classes = ("a", "b")
        calls = 0

        def probabilities(self, images):
            self.calls += 1
            return images[:, 0, 0, :2] / 255

    model = Model()
    assert images_per_second(model) > 0
    assert model.calls == 6
