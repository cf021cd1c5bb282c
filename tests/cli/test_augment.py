import numpy as np
import pytest
from PIL import Image

from hemascope.augment.policy import FULL
from hemascope.cli import main
from hemascope.pipeline.augment import augment as draw_sheet


def augment(*arguments):
    with pytest.raises(SystemExit) as end:
        main(["augment", *map(str, arguments)])
    return end.value.code


def test_writes_a_sheet_and_says_where(tmp_path, capsys):
    sheet = tmp_path / "new" / "sheet.png"
    assert augment("synthetic:16", "--images", 3, "--copies", 4, "--size", 32, "-o", sheet) == 0
    assert capsys.readouterr().out == f"Sheet: {sheet}\n"
    with Image.open(sheet) as picture:
        assert picture.size == (4 + 5 * 36, 4 + 3 * 36)


def test_a_seed_repeats_the_sheet(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert augment("synthetic:16", "--size", 32, "--seed", seed, "-o", tmp_path / f"{name}.png") == 0
    a, b, c = (np.asarray(Image.open(tmp_path / f"{name}.png")) for name in "abc")
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_all_has_a_row_an_operation(tmp_path):
    assert augment("synthetic:16", "-p", "all", "--copies", 2, "--size", 24, "-o", tmp_path / "all.jpg") == 0
    with Image.open(tmp_path / "all.jpg") as picture:
        assert picture.size[1] == 4 + len(FULL) * 28


def test_a_recipe_is_a_policy_too(tmp_path):
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("augment: {name: wide, noise: 0.2}\n")
    for policy in ("quick", recipe):
        assert augment("synthetic:16", "-p", policy, "--size", 24, "-o", tmp_path / "sheet.png") == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["synthetic:16", "-p", "wild"], "'wild' is no policy"),
        (["synthetic:16", "-o", "sheet.gif"], "a sheet is a .png or .jpg"),
        (["nowhere"], "there is no such source"),
    ],
)
def test_what_cannot_be(tmp_path, monkeypatch, capsys, arguments, problem):
    monkeypatch.chdir(tmp_path)
    assert augment(*arguments) == 2
    assert problem in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_notebook_shows_the_picture(tmp_path):
    sheet = draw_sheet("synthetic:8", output=str(tmp_path / "sheet.jpg"), images=2, copies=1, size=24)
    assert sheet._repr_html_().startswith('<img alt="sheet.jpg" src="data:image/jpeg;base64,/9j/')
