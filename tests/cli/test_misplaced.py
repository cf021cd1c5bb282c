import pytest

from hemascope import cli


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    with pytest.raises(SystemExit) as end:
        cli.main(list(arguments))
    assert end.value.code == 2
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("line", "problem", "remedy"),
    [
        ("train quick synthetic:24", "quick is a recipe", "SOURCE comes first: hemascope train synthetic:24 -r quick"),
        ("train mine.yaml cells", "mine.yaml is a recipe", "SOURCE comes first: hemascope train cells -r mine.yaml"),
        ("train robust", "robust is a model", "hemascope train --help says more."),
        ("evaluate cells m.onnx", "m.onnx is a model", "SOURCE comes first: hemascope evaluate cells -m m.onnx"),
        ("evaluate robust", "robust is a model", "SOURCE comes first: hemascope evaluate SOURCE -m robust"),
        ("predict tiny a.png", "tiny is a model", "SOURCE comes first: hemascope predict a.png -m tiny"),
        ("audit robust.onnx", "robust.onnx is a model", "hemascope audit --help says more."),
        ("tune cells quick -o x", "quick is a recipe", "SOURCE comes first: hemascope tune cells -r quick"),
    ],
)
def test_a_model_or_recipe_in_the_place_of_images(capsys, line, problem, remedy):
    assert said(capsys, *line.split()) == [f"error: {problem}, where images are wanted", remedy]


def test_what_is_there_is_a_source_whatever_its_name(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quick").mkdir()
    assert "quick: the folder is empty" in said(capsys, "train", "quick")[0]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("train cells --batch-size 4", "Did you mean --set batch_size=VALUE?"),
        ("train cells --learning_rat 4", "Did you mean --set optimizer.learning_rate=VALUE?"),
        ("train cells --recipy quick", "Did you mean --recipe?"),
        ("train cells --zzz", "hemascope train --help lists the options."),
        ("Trian", "Did you mean train?"),
        ("--versoin", "Did you mean --version?"),
    ],
)
def test_what_is_mistyped_gets_the_nearest(capsys, line, hint):
    assert said(capsys, *line.split())[1] == hint


def test_the_examples_that_are_promised_are_there(capsys):
    assert said(capsys, "train")[1] == "hemascope train --help shows examples of both."
    with pytest.raises(SystemExit):
        cli.main(["train", "--help"])
    page = capsys.readouterr().out
    assert "  hemascope train cells/ -r robust -o runs/mine\n" in page
    assert "  hemascope train --resume runs/mine\n" in page
