import json
from pathlib import Path

from hemascope.report.folds import NO_TEST, folds_part, spread
from hemascope.report.page import write_report
from hemascope.shown import NOTHING

FOLDS = {
    "images": [160, 161],
    "scores": {
        "accuracy": {"values": [0.9, 0.92], "mean": 0.91, "std": 0.01414},
        "auc": {"values": [0.99, None], "mean": None, "std": None},
    },
}


def test_what_cannot_be_measured_has_no_spread() -> None:
    assert spread(FOLDS["scores"]["auc"]) == NOTHING
    part = folds_part({"folds": FOLDS})
    assert part is not None
    assert part["rows"] == [(1, 160, ["90.0%", "99.0%"]), (2, 161, ["92.0%", NOTHING])]


def test_page_shows_each_fold_with_mean_and_spread(run: Path) -> None:
    assert folds_part({}) is None
    assert 'id="folds"' not in write_report(run).read_text()
    metrics = json.loads((run / "metrics.json").read_text()) | {"folds": FOLDS}
    (run / "metrics.json").write_text(json.dumps(metrics))
    page = write_report(run).read_text()
    assert 'id="folds"' in page
    assert "91.0% ± 1.4" in page
    assert NO_TEST not in page


def test_page_says_that_no_test_part_was_kept(run: Path) -> None:
    (run / "recipe.yaml").write_text("name: final\nno_test: true\n")
    assert NO_TEST in write_report(run).read_text()
