from pathlib import Path

import pytest

from hemascope.errors import HemascopeError
from hemascope.pipeline.submit import submit
from tests.export.submission.conftest import run  # noqa: F401 - a fixture
from tests.told import Told


def test_the_trial_is_told_and_shown(run: Path, tmp_path: Path) -> None:  # noqa: F811
    told = Told()
    done = submit(run, str(tmp_path / "cells.zip"), images=100, limit=50, progress=told)
    assert [name for name, _ in told.steps] == [
        "reading images at 96 px",
        "playing the evaluator: 100 images",
        "comparing with the model",
    ]
    facts = dict(done.facts)
    assert facts["Evaluator"] == "100 images of 96 x 96 px, 12 of the Run's images over and over"
    assert facts["Agreement"] == "100.00% of the classes are the model's"
    assert facts["Time"].endswith("limit 50 s")
    assert done.heading.startswith(f"Submission: {tmp_path / 'cells.zip'} (")
    shown = done._repr_html_()
    assert done.heading in shown
    assert "Agreement</td><td>100.00% of the classes are the model&#x27;s</td>" in shown


def test_a_submission_has_one_to_eight_views(run: Path, tmp_path: Path) -> None:  # noqa: F811
    with pytest.raises(HemascopeError, match="tta_steps is 9, not 1 to 8"):
        submit(run, tmp_path / "cells.zip", tta_steps=9)
