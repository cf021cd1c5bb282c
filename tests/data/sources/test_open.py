from pathlib import Path

import pytest

from hemascope.data.sources import open_source
from hemascope.errors import SourceError
from tests.data.pictures import noise, write_png


@pytest.mark.parametrize(
    ("spec", "meant"), [("bloodmnst", "bloodmnist"), ("bloodmnist_225", "bloodmnist_22"), ("sinthetic", "synthetic")]
)
def test_a_name_that_is_nearly_right(spec: str, meant: str) -> None:
    with pytest.raises(SourceError, match=rf"{spec}: there is no such source \(did you mean {meant}") as caught:
        open_source(spec)
    assert "A source is a folder" in caught.value.remedy


def test_a_path_that_is_nearly_right(tmp_path: Path) -> None:
    write_png(tmp_path / "my_cells" / "train" / "a" / "1.png", noise(0))
    with pytest.raises(SourceError, match=rf"did you mean {tmp_path}/my_cells\?"):
        open_source(tmp_path / "my_cell" / "train")
    with pytest.raises(SourceError, match=rf"did you mean {tmp_path}/my_cells/train\?"):
        open_source(str(tmp_path / "my_cells" / "trian"))
    with pytest.raises(SourceError, match="no such source") as caught:
        open_source(tmp_path / "quite different")
    assert caught.value.problem.endswith("no such source")


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = write_png(tmp_path / "cell.png", noise(0))
    with pytest.raises(SourceError, match=r"cell\.png: a file of kind '\.png' is no source"):
        open_source(path)
    with pytest.raises(SourceError, match="No source is named"):
        open_source("")


def test_a_path_goes_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for label in "ab":
        write_png(tmp_path / "bloodmnist" / label / "1.png", noise(0))
    monkeypatch.chdir(tmp_path)
    assert open_source("bloodmnist").classes == ("a", "b")
