import pytest

from hemascope.cli import main
from hemascope.train.recipe_files import load_recipe


@pytest.fixture
def tune(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main(["tune", "synthetic:64", "-r", "demo", "-o", "search", *arguments])
        said = capsys.readouterr()
        return end.value.code, said.out, said.err

    return run


SMALL = (
    "--set", "pretrained=false", "--set", "network=mobilenetv3_small_050", "--set", "batch_size=16",
    "--train-images", "40", "--val-images", "24", "--test-images", "24", "--epochs", "1", "--size", "32",
    "--pruner", "none",
)  # fmt: skip


def test_a_search_leaves_a_recipe_a_table_and_a_page(tune, tmp_path):
    code, out, err = tune(*SMALL, "--trials", "1")
    assert code == 0, err
    assert max(len(line) for line in out.splitlines() if "/" not in line) <= 80
    assert "the recipe's own values" in err
    assert "Report: search/report.html" in out
    folder = tmp_path / "search"
    names = {path.name for path in folder.iterdir()}
    assert names == {"recipe.yaml", "report.html", "search.db", "search.json", "trials", "trials.csv", "tuning.json"}
    recipe = load_recipe(folder / "recipe.yaml")
    assert (recipe.name, recipe.epochs, recipe.input_size) == ("demo-tuned", 5, 64)
    assert (folder / "recipe.yaml").read_text().startswith("# The recipe demo with the values that hemascope tune")
    assert len((folder / "trials.csv").read_text().splitlines()) == 3


def test_what_is_wrong_is_said_before_any_work(tune, tmp_path):
    code, _, err = tune("--set", "search.head.drop=[0, 1]")
    assert code == 2
    assert "Did you mean head.dropout?" in err
    code, _, err = tune("--storage", "postgresql://me:secret@127.0.0.1:1/cells", *SMALL)
    assert code == 2
    assert "secret" not in err
    assert not (tmp_path / "search").exists()
