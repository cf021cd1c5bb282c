"""Pseudo-validation and test-time augmentation on the command line."""

import json

import pytest

from tests.cli.test_evaluate import cells, evaluate  # noqa: F401  (fixtures)

pytestmark = pytest.mark.usefixtures("cells")


def test_pseudo_validation_is_told_written_and_reported(evaluate, tmp_path):  # noqa: F811
    options = ("--pseudo-side", "28", "--pseudo-copies", "4", "--pseudo-policy", "fixed,shift", "--pseudo-images", "12")
    code, out, err = evaluate("cells", "--pseudo", *options, "-o", "scored")
    assert code == 0, err
    assert max(map(len, out.splitlines())) <= 80
    assert "images at 28 px, 4 copies of each" in out
    assert "Costs most, alone" in out
    table = (tmp_path / "scored" / "pseudo.csv").read_text().splitlines()
    assert len(table) == 1 + 3 + 2 + 2 + 24
    assert json.loads((tmp_path / "scored" / "pseudo.json").read_text())["transforms"] == ["fixed", "shift"]
    assert 'id="pseudo"' in (tmp_path / "scored" / "report.html").read_text()

    evaluate("cells", "-o", "scored")
    assert not (tmp_path / "scored" / "pseudo.csv").exists()
    assert 'id="pseudo"' not in (tmp_path / "scored" / "report.html").read_text()


def test_views_are_averaged_everywhere_and_compared(evaluate, tmp_path):  # noqa: F811
    shift = ("--shift", "--shift-side", "28", "--corruptions", "hue", "--severities", "1")
    code, out, err = evaluate("cells", "--tta-steps", "8", *shift, "-o", "scored")
    assert code == 0, err
    assert max(map(len, out.splitlines())) <= 80
    assert "test-time augmentation, 8 views, 29 images" in out
    assert "times as long" in " ".join(out.split())
    about = json.loads((tmp_path / "scored" / "tta.json").read_text())
    assert about["applied"] is True
    assert about["gain"]["accuracy"]["value"] == 0  # the model sees mean colours: a turn changes nothing
    assert "All scores of this page are with it." in (tmp_path / "scored" / "report.html").read_text()

    evaluate("cells", "-o", "scored")
    assert not (tmp_path / "scored" / "tta.json").exists()


def test_options_that_cannot_be(evaluate):  # noqa: F811
    assert "Add --pseudo." in evaluate("cells", "--pseudo-images", "5")[2]
    assert "'snow' is no policy" in evaluate("cells", "--pseudo", "--pseudo-policy", "snow")[2]
    assert "Leave out --tta-steps." in evaluate("cells", "--tta-steps", "3", "--unlabelled", "cells")[2]
