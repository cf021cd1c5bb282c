import pytest

from hemascope.cli import main
from hemascope.train.recipe_files import load_recipe


@pytest.fixture
def tune(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main(["tune-augment", "synthetic:64", "-o", "search", "--recipe", "demo", *arguments])
        said = capsys.readouterr()
        return end.value.code, said.out, said.err

    return run


SMALL = (
    "--set", "pretrained=false", "--set", "batch_size=16", "--train-images", "40", "--val-images", "24",
    "--epochs", "1", "--size", "32", "--copies", "2", "--pseudo-policy", "fixed,rand",
)  # fmt: skip


def test_a_search_leaves_a_policy_a_recipe_and_a_page(tune, tmp_path):
    code, out, err = tune(*SMALL, "--trials", "1")
    assert code == 0, err
    assert max(map(len, out.splitlines())) <= 80
    assert "the recipe's own policy" in err
    assert "Report: search/report.html" in out
    folder = tmp_path / "search"
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "augment.yaml", "recipe.yaml", "report.html", "search.journal", "search.json", "sheet.png", "trials",
        "trials.csv", "tuning.json",
    }  # fmt: skip
    recipe = load_recipe(folder / "recipe.yaml")
    assert (recipe.epochs, recipe.input_size) == (load_recipe("demo").epochs, load_recipe("demo").input_size)
    assert load_recipe(folder / "augment.yaml").augment == recipe.augment
    assert len((folder / "trials.csv").read_text().splitlines()) == 3

    code, _, err = tune(*SMALL, "--trials", "1", "--epochs", "2")
    assert code == 2
    assert "a search with other settings (epochs)" in err
