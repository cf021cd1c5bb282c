"""`hemascope.explain` as a program calls it; what it finds is tested on the command line."""

import hemascope
from tests.predict.model import write_model
from tests.progress import Told


def test_a_study_comes_back_and_nothing_is_printed_or_written(tmp_path, monkeypatch, capsys):
    model = write_model(tmp_path / "model.onnx")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    told = Told()
    study = hemascope.explain("synthetic:24", model, all=True, images=2, smears=0, progress=told)
    assert [name for name, _ in told.steps] == ["classifying", "explaining"]
    assert told.counts == [24]
    assert (study.images, len(study.cases), study.which) == (24, 2, "all")
    assert study.policy == "policy wide"
    assert study.focus is None
    page = study._repr_html_()
    assert "are called something else" in page
    assert 'src="data:image/jpeg;base64,' in page
    assert capsys.readouterr() == ("", "")
    assert not list((tmp_path / "here").iterdir())


def test_without_anything_to_explain_there_are_words_alone(tmp_path):
    model = write_model(tmp_path / "model.onnx")
    study = hemascope.explain("synthetic:8", model, output=tmp_path / "out", images=1, smears=0, policy="none")
    assert study.policy == ""
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"explain.html", "explain.json"}
    nothing = study.__class__(**{**vars(study), "cases": []})
    assert "<img" not in nothing._repr_html_()
