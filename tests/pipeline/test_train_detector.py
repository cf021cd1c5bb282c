"""The training of a detector around its network: sources, splits, scores, files, resuming."""

from pathlib import Path

import numpy as np
import pytest

from hemascope.data.annotations import open_annotations
from hemascope.data.decode import decode
from hemascope.errors import HemascopeError, RecipeError, RunError, SourceError
from hemascope.evaluate.detected import Detected
from hemascope.evaluate.detection import score_detections
from hemascope.fields.detector import load_detector
from hemascope.pipeline import train_detector as pipeline
from hemascope.pipeline.train_detector import train_detector
from hemascope.train.detector.run import DetectorRun
from hemascope.train.run import Run
from tests.pipeline.annotated import fit, quick_fit, write_squares  # noqa: F401
from tests.told import Told

QUICK = ["epochs=2"]


@pytest.mark.usefixtures("quick_fit")
def test_a_run_holds_all_that_it_promises(tmp_path: Path) -> None:
    told = Told()
    source = write_squares(tmp_path / "squares")
    run = train_detector(source, set=QUICK, output=tmp_path / "run", progress=told)
    names = {path.relative_to(run.folder).as_posix() for path in run.folder.rglob("*") if path.is_file()}
    assert names == {
        "checkpoints/last.ckpt", "detector.onnx", "fields.coco.json", "history.csv", "metrics.json",
        "predictions.parquet", "recipe.yaml", "report.html", "run.json",
    }  # fmt: skip
    assert "fields: 4 train, 1 val" in told.said
    assert run.history["train_loss"].tolist() == [2, 1]
    measured = run.measured()
    assert measured["map50"] == pytest.approx(1)
    for kind in ("white", "red", "platelet"):
        assert measured["kinds"][kind]["recall"]["value"] == measured["kinds"][kind]["precision"]["value"] == 1
        assert measured["kinds"][kind]["count_error"] == 0
    assert list(run.metrics["kind"]) == ["white", "red", "platelet"]
    assert "White cells" in run._repr_html_()

    card = load_detector(run.model_file).card
    assert card.thresholds["red"] == measured["kinds"]["red"]["threshold"]
    assert card.scores["white"]["ap50"] == 1
    found = load_detector(run.model_file).find(decode(source / "s1_0000.png"))
    assert len(found) == measured["kinds"]["red"]["boxes"] + sum(
        measured["kinds"][kind]["boxes"] for kind in ("white", "platelet")
    )

    table = run.predictions
    (field,) = [one for one in run.fields() if one.split == "val"]
    assert set(table["field"]) == {field.name} == {"s1_0000.png"}
    again = Detected(
        table[["xmin", "ymin", "xmax", "ymax"]].to_numpy(np.float32),
        np.array([("white", "red", "platelet").index(kind) for kind in table["kind"]]),
        table["score"].to_numpy(np.float32),
    )
    assert score_detections([field], [again])[0]["kinds"] == measured["kinds"]

    page = run.report_file.read_text("utf-8")
    assert "finds 100% of the white cells" in page
    assert page.count("<img src=") == 1
    assert "http" not in page.replace("http://www.w3.org", "").replace("http-equiv", "")


@pytest.mark.usefixtures("quick_fit")
def test_slides_stay_together_and_sources_keep_what_is_boxed_in_each(tmp_path: Path) -> None:
    both, white = write_squares(tmp_path / "both", 6), write_squares(tmp_path / "few", 4, ("white",), 180)
    (white / "s1_0000.png").write_bytes((both / "s3_0004.png").read_bytes())  # kept apart there
    told = Told()
    run = train_detector(
        [both, white],
        set=QUICK,
        group=r"^(s\d)",
        annotated=["few=white,platelet"],
        output=tmp_path / "run",
        progress=told,
    )
    fields = run.fields()
    assert {(one.source, one.name) for one in fields if one.split == "val"} == {
        ("both", "s1_0000.png"), ("both", "s1_0001.png"), ("few", "s1_0000.png"), ("few", "s1_0001.png"),
    }  # fmt: skip
    assert {(one.source, one.annotated) for one in fields} == {
        ("both", (True, True, True)), ("few", (True, False, True)),
    }  # fmt: skip
    assert {one.name for one in fields if one.group == "s3"} == {"s3_0005.png"}
    assert any(line.endswith("source: 1, first s3_0004.png, a copy of s1_0000.png") for line in told.said)
    assert run.measured()["kinds"]["red"]["fields"] == 2
    assert run.measured()["kinds"]["platelet"]["fields"] == 4


@pytest.mark.usefixtures("quick_fit")
def test_interrupted_it_says_how_to_go_on_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*values: object) -> object:
        fit(*values)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    told = Told()
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "fit_network", stopped)
        with pytest.raises(KeyboardInterrupt):
            train_detector(write_squares(tmp_path / "squares"), set=QUICK, output=tmp_path / "run", progress=told)
    assert told.said[-1] == f"Stopped. Go on with: hemascope train-detector --resume {tmp_path / 'run'}"
    with pytest.raises(RunError, match=r"not finished.*train-detector --resume"):
        DetectorRun.open(tmp_path / "run").measured()
    run = train_detector(resume=tmp_path / "run")
    assert len(run.history) == 2
    assert run.measured()["map50"] == pytest.approx(1)
    with pytest.raises(RunError, match="the training of a detector, where one of a classifier is wanted"):
        Run.open(run.folder)
    with pytest.raises(RunError, match="holds a training already"):
        train_detector(tmp_path / "squares", output=run.folder)


def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    source = write_squares(tmp_path / "squares", 1)
    cases: list[tuple[type[HemascopeError], str, dict]] = [
        (RunError, "either SOURCES", {}),
        (RunError, "no other option", {"resume": tmp_path, "group": "x"}),
        (RunError, "either SOURCES", {"sources": source, "resume": tmp_path}),
        (RecipeError, "recipe quick is one of hemascope train, not of hemascope train-detector", {"recipe": "quick"}),
        (RecipeError, "unknown key 'epoch'.*Did you mean epochs", {"set": {"epoch": 1}}),
        (SourceError, "no field is left to score by", {}),
        (SourceError, "no source is called so", {"annotated": ["other=white"]}),
        (SourceError, "not a list of kinds", {"annotated": ["wite"]}),
        (SourceError, "not a regular expression", {"group": "("}),
    ]
    for number, (error, words, options) in enumerate(cases):
        given = options if number < 3 else {"sources": source} | options
        with pytest.raises(error, match=words):
            train_detector(**given, output=None if "resume" in given else tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_fields_that_were_written_are_read_again(tmp_path: Path) -> None:
    from hemascope.data.annotations.coco import write_coco

    fields = open_annotations(write_squares(tmp_path / "squares", 3)).fields
    write_coco(fields, tmp_path / "fields.json")
    for one, again in zip(fields, open_annotations(tmp_path / "fields.json").fields, strict=True):
        np.testing.assert_array_equal(one.boxes, again.boxes)
        assert (one.name, one.path, one.source, one.size, one.annotated) == (
            again.name, again.path, again.source, again.size, again.annotated,
        )  # fmt: skip
        assert again.kinds.tolist() == one.kinds.tolist()
