import json

import pandas as pd
import pytest

from hemascope.errors import RunError
from hemascope.evaluate.pseudo.result import COLUMNS, PseudoResult, read_pseudo, remove_pseudo


def result() -> PseudoResult:
    def row(kind, name, title, value, drop):
        return (kind, name, title, *(value, value - 0.02, value + 0.02) * 2, drop, drop - 0.01, drop + 0.01)

    rows = [
        row("clean", "clean", "Images as they are", 0.95, 0.0),
        row("copies", "copies", "Copies one by one", 0.75, 0.2),
        row("averaged", "averaged", "Averaged over the copies of an image", 0.85, 0.1),
        row("transform", "wide", "Policy wide", 0.8, 0.15),
        row("transform", "shift", "Shift suite", 0.7, 0.25),
        row("operation", "pixelate", "Pixelate 0.75", 0.65, 0.3),
        row("operation", "shift:hue", "Shift suite: Hue", 0.85, 0.1),
        row("operation", "flip", "Flip 0.5", 0.95, 0.0),
    ]
    return PseudoResult(pd.DataFrame(rows, columns=list(COLUMNS)), 50, 12, 128, 3, ("wide", "shift"), "val")


def test_reads_what_it_wrote(tmp_path):
    assert read_pseudo(tmp_path) is None
    result().write(tmp_path)
    again = read_pseudo(tmp_path)
    assert again is not None
    pd.testing.assert_frame_equal(again.table, result().table)
    assert again.summary() == result().summary() == json.loads((tmp_path / "pseudo.json").read_text())
    assert again.summary()["most_costly"] == {"pixelate": 0.3, "shift:hue": 0.1, "flip": 0.0}
    assert again.score("copies") == pytest.approx((0.75, 0.73, 0.77))
    remove_pseudo(tmp_path)
    assert read_pseudo(tmp_path) is None


@pytest.mark.parametrize(("name", "content"), [("pseudo.json", "{"), ("pseudo.csv", "a,b\n"), ("pseudo.json", "[]")])
def test_what_cannot_be_read_is_said(tmp_path, name, content):
    result().write(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(RunError, match="pseudo-validation cannot be read") as said:
        read_pseudo(tmp_path)
    assert "Delete pseudo.json" in said.value.remedy


def test_a_newer_format_is_refused(tmp_path):
    result().write(tmp_path)
    text = (tmp_path / "pseudo.json").read_text().replace('"format_version": 1', '"format_version": 2')
    (tmp_path / "pseudo.json").write_text(text)
    with pytest.raises(RunError, match="newer hemascope"):
        read_pseudo(tmp_path)
