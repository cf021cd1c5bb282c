import json
from pathlib import Path

import numpy as np
import pytest

from hemascope.errors import RunError
from hemascope.evaluate.compare.contender import (
    image_names,
    images_per_second,
    names_of,
    on_the_same_images,
    read_contender,
)
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.tta import compare_tta
from tests.evaluate.compare.conftest import said_by
from tests.evaluate.conftest import predictions_for


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


def test_rows_are_brought_into_one_order():
    a, b = said_by(5, n=40), said_by(2, n=40)
    mixed = b.rows(np.random.default_rng(0).permutation(40))
    aligned = on_the_same_images({"a": a, "b": mixed})
    assert (aligned["a"].table["path"] == aligned["b"].table["path"]).all()
    assert aligned["b"].table.equals(b.table)


def test_a_path_may_be_written_in_several_ways():
    a = said_by(5, n=10)
    whole = a.table.assign(path=[f"{Path.cwd()}/x/../{path}" for path in a.table["path"]])
    aligned = on_the_same_images({"a": a, "b": Predictions(whole, a.classes)})
    assert len(aligned["a"]) == 10


def test_copies_in_one_table_are_told_apart():
    twice = said_by(5, n=3).rows(np.array([0, 1, 2, 0, 1, 2]))
    assert len(set(image_names(twice.table))) == 6


def test_other_images_are_refused_and_named():
    a, b = said_by(5, n=40), said_by(2, n=40)
    with pytest.raises(
        RunError, match=r"not scored on the same images: 10 only in a \(such as .*cell_0.png\)"
    ) as caught:
        on_the_same_images({"a": a, "b": b.rows(np.arange(10, 40))})
    assert "30 common ones with --common" in caught.value.remedy


def test_the_common_images_may_be_asked_for():
    a, b = said_by(5, n=40), said_by(2, n=40)
    aligned = on_the_same_images({"a": a.rows(np.arange(30)), "b": b.rows(np.arange(10, 40))}, common=True)
    assert len(aligned["a"]) == len(aligned["b"]) == 20
    with pytest.raises(RunError, match="no scored image in common"):
        on_the_same_images({"a": a.rows(np.arange(5)), "b": b.rows(np.arange(10, 40))}, common=True)


def test_other_labels_are_refused():
    a, b = said_by(5, n=40), said_by(2, n=40)
    table = b.table.copy()
    table.loc[7, "true"] = next(name for name in b.classes if name != table["true"][7])
    with pytest.raises(RunError, match=r"cell_7.png.* in a and a .* in b \(1 such images\)"):
        on_the_same_images({"a": a, "b": Predictions(table, b.classes)})


def test_other_classes_are_refused():
    with pytest.raises(RunError, match="do not have the same classes"):
        on_the_same_images({"a": predictions_for(20, 4), "b": predictions_for(20, 5)})


def test_images_without_a_label_are_left_out():
    a = said_by(5, n=10)
    table = a.table.copy()
    table.loc[0, "true"] = ""
    assert len(on_the_same_images({"a": Predictions(table, a.classes)})["a"]) == 9
