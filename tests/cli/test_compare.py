import numpy as np
import pytest

from hemascope.cli import main
from hemascope.evaluate.predictions import Predictions
from tests.evaluate.compare.conftest import folders  # noqa: F401


@pytest.fixture
def run_compare(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main(["compare", *map(str, arguments)])
        said = capsys.readouterr()
        return end.value.code, said.out, said.err

    return run


def test_two_folders_side_by_side(run_compare, folders, tmp_path):  # noqa: F811
    code, out, err = run_compare(*folders, "-o", "side", "--against", folders[1])
    assert code == 0, err
    assert max(map(len, out.splitlines())) <= 80
    assert "good is highest" in out
    assert "1 of 1 differ from bad" in " ".join(out.split())
    assert {path.name for path in (tmp_path / "side").iterdir()} == {"compare.csv", "compare.html", "compare.md"}


def test_other_images_are_refused_unless_the_common_ones_are_asked_for(run_compare, folders):  # noqa: F811
    file = folders[1] / "predictions.parquet"
    said = Predictions.read(file)
    said.rows(np.arange(200)).write(file)
    code, _, err = run_compare(*folders)
    assert code == 2
    assert "not scored on the same images: 100 only in good" in err
    code, out, err = run_compare(*folders, "--common")
    assert code == 0, err
    assert "On the same 200 images" in out


def test_names_are_shown_as_they_are(run_compare, folders):  # noqa: F811
    named = folders[0].rename(folders[0].with_name("good[a]"))
    _, out, _ = run_compare(named, folders[1], "--no-speed")
    assert "good[a] is highest" in out


def test_what_cannot_be_compared_is_refused(run_compare, folders):  # noqa: F811
    assert "one Run is named" in run_compare(folders[0])[2]
    assert "--by speed: no such score" in run_compare(*folders, "--by", "speed")[2]
    assert "not scored in the view 'hidden'" in run_compare(*folders, "--by", "hidden")[2]
