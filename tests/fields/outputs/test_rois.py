"""ROIs of ImageJ, read again by roifile."""

import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from hemascope.errors import HemascopeError
from hemascope.fields.cell import Cell
from hemascope.fields.outputs.rois import write_rois
from tests.fields.outputs.made import CLASSES, cells

roifile = pytest.importorskip("roifile", reason="roifile is not installed: pip install 'hemascope[fields]'")


def test_every_cell_comes_back_as_a_rectangle(tmp_path: Path) -> None:
    write_rois(tmp_path / "a.zip", cells(), CLASSES)
    found = roifile.roiread(tmp_path / "a.zip")
    assert [roi.name for roi in found] == [
        "0001 neutrophil",
        "0002 monocyte",
        "0003 unknown",
        "0004 red",
        "0005 red",
        "0006 platelet",
    ]
    first = found[0]
    assert first.roitype == roifile.ROI_TYPE.RECT
    assert (first.left, first.top, first.right, first.bottom) == (10, 20, 30, 44)
    assert (first.xd, first.yd, first.widthd, first.heightd) == (10, 20, 20.25, 24.5)  # ImageJ goes by these
    assert first.subpixelresolution
    assert first.stroke_color == b"\xff\x2a\x9d\x5c"
    assert "label: neutrophil\nconfidence: 0.9\n" in first.props
    assert "counted: no\n" in found[4].props


def test_the_same_cells_make_the_same_file(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        write_rois(tmp_path / name, cells(), CLASSES)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_place_far_out_on_a_slide(tmp_path: Path) -> None:
    write_rois(tmp_path / "a.zip", [Cell("a", (90_000, 70_000, 90_040, 70_050), "red", 0.9)], ())
    roi = roifile.roiread(tmp_path / "a.zip")
    roi = roi[0] if isinstance(roi, list) else roi
    assert (roi.xd, roi.yd, roi.widthd, roi.heightd) == (90_000, 70_000, 40, 50)


def test_without_cells_there_is_no_file(tmp_path: Path) -> None:
    write_rois(tmp_path / "a.zip", cells(), CLASSES)
    write_rois(tmp_path / "a.zip", [], CLASSES)
    assert not (tmp_path / "a.zip").exists()


def test_a_class_with_a_path_for_a_name_stays_in_the_archive(tmp_path: Path) -> None:
    write_rois(tmp_path / "a.zip", [Cell("a", (1, 1, 5, 5), "white", 0.9, label="../../x")], ("../../x",))
    with ZipFile(tmp_path / "a.zip") as file:
        assert file.namelist() == ["0001 _.._x.roi"]


def test_without_the_library_it_says_how_to_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "roifile", None)
    with pytest.raises(HemascopeError, match=r"pip install 'hemascope\[fields\]'"):
        write_rois(tmp_path / "a.zip", cells(), CLASSES)
