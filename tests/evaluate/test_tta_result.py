import numpy as np
import pytest

from hemascope.errors import RunError
from hemascope.evaluate.tta_result import Timed, compare_tta, read_tta
from tests.evaluate.conftest import predictions_for


def compared(**options):
    poor, good = predictions_for(margin=3.0), predictions_for(margin=5.0)
    return compare_tta(poor.targets, poor.predicted, good.predicted, steps=8, plain_ms=2.0, averaged_ms=15.0, **options)


def test_gain_and_cost():
    result = compared(split="val")
    assert result.images == 400
    assert result.ratio == 7.5
    assert result.gain["accuracy"].value == pytest.approx(
        result.averaged["accuracy"].value - result.plain["accuracy"].value, abs=1e-6
    )
    assert result.gain["accuracy"].low > 0
    assert result.wins
    targets = np.array([0, 1, -1])
    same = compare_tta(targets, targets, targets, steps=2, plain_ms=1, averaged_ms=2)
    assert same.images == 2
    assert not same.wins


def test_reads_what_it_wrote(tmp_path):
    assert read_tta(tmp_path) is None
    compared(split="val", applied=True).write(tmp_path)
    assert read_tta(tmp_path) == compared(split="val", applied=True)


@pytest.mark.parametrize("content", ["{", '{"format_version": 1}', "[]"])
def test_what_cannot_be_read_is_said(tmp_path, content):
    (tmp_path / "tta.json").write_text(content)
    with pytest.raises(RunError, match="test-time augmentation cannot be read") as said:
        read_tta(tmp_path)
    assert "Delete tta.json" in said.value.remedy


def test_a_newer_format_is_refused(tmp_path):
    compared().write(tmp_path)
    text = (tmp_path / "tta.json").read_text().replace('"format_version": 1', '"format_version": 2')
    (tmp_path / "tta.json").write_text(text)
    with pytest.raises(RunError, match="newer hemascope"):
        read_tta(tmp_path)


def test_timed_counts_images_and_seconds():
    class Still:
        classes = ("one",)

        def probabilities(self, images):
            return np.ones((len(images), 1))

    model = Timed(Still())
    model.probabilities(np.zeros((5, 2, 2, 3), np.uint8))
    model.probabilities(np.zeros((2, 2, 2, 3), np.uint8))
    assert (model.images, model.classes) == (7, ("one",))
    assert 0 < model.milliseconds < 1000
