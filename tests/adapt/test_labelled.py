"""A model file taught by labelled cells."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

import hemascope
from hemascope.adapt import save
from hemascope.adapt.memory import MEMORY_KEY
from hemascope.adapt.taught import Taught
from hemascope.adapt.zoom import with_zoom
from hemascope.errors import ModelFileError, SourceError
from hemascope.pipeline.adapt import adapt
from tests.adapt.labelled_cells import write_cells, write_remembering
from tests.adapt.model import CLASSES, write_model
from tests.told import Told


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_remembering(tmp_path / "model.onnx")


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    return write_cells(tmp_path / "cells", 6)


def accuracy(model: Path, folder: Path) -> float:
    said = hemascope.load(model, threads=1)
    paths = sorted(folder.rglob("*.png"))
    return float(np.mean([found.label == path.parent.name for path, found in zip(paths, said(paths), strict=True)]))


def test_the_taught_file_knows_the_cells_better_and_says_what_was_done(
    tmp_path: Path, model: Path, cells: Path
) -> None:
    output, told = tmp_path / "taught.onnx", Told()
    found = adapt(model, output=output, labelled=cells, threads=1, progress=told)
    assert isinstance(found, Taught)
    others = write_cells(tmp_path / "others", 5, seed=1)
    assert accuracy(model, others) <= 0.5
    assert accuracy(output, others) >= 0.9
    assert found.before[0] == accuracy(model, cells)
    assert found.after[0] >= 0.9
    assert found.after[1] < found.after[0] <= found.after[2]
    card = hemascope.load(output).card
    assert card.classes == CLASSES
    assert card.adapted["labelled"] == dict.fromkeys(CLASSES, 6)
    assert card.adapted["images"] == 18
    assert card.adapted["source"] == hemascope.load(model).digest
    assert card.adapted["after"]["value"] == found.after[0]
    assert card.scores == {"accuracy": {"value": 0.9}}  # the original's, as the card says
    assert card.confusion["images"] == 18
    assert np.trace(card.confusion["counts"]) == round(18 * found.after[0])
    assert "by cross-validation" in card.confusion["method"]
    assert ("estimating by cross-validation", 5, 5) in told.counts
    shown = found._repr_html_()
    assert "18 labelled cells of 3 classes, by cross-validation" in shown
    assert "Lymphocyte (6)" in shown


def test_what_it_remembers_is_not_forgotten(tmp_path: Path, model: Path, cells: Path) -> None:
    found = adapt(model, output=tmp_path / "a.onnx", labelled=cells, threads=1)
    assert found.remembered[0] == 1
    assert found.remembered[1] >= 0.9
    only = adapt(model, output=tmp_path / "b.onnx", labelled=write_cells(tmp_path / "few", 6, CLASSES[1:]))
    assert only.remembered[1] >= 0.9
    assert "Nothing is known of this laboratory's cells of classes without a label: Basophil." in only.lines


def test_a_new_class_makes_the_head_grow(tmp_path: Path, model: Path) -> None:
    cells = write_cells(tmp_path / "cells", 6, (*CLASSES, "blast"))
    output = tmp_path / "taught.onnx"
    found = adapt(model, output=output, labelled=cells, threads=1)
    classifier = hemascope.load(output, threads=1)
    assert classifier.classes == (*CLASSES, "blast")
    assert accuracy(output, write_cells(tmp_path / "others", 5, (*CLASSES, "blast"), seed=1)) >= 0.9
    assert found.known == 3
    assert ("Blast (6, new)", "", "100%") in found.rows
    hemascope.predict(cells, output, output=tmp_path / "cells.csv")
    with (tmp_path / "cells.csv").open() as file:
        assert "blast" in next(csv.reader(file))


def test_a_new_class_of_too_few_cells_is_taken_for_a_slip(tmp_path: Path, model: Path, cells: Path) -> None:
    write_cells(cells, 2, ("blast",))
    with pytest.raises(SourceError, match=r"only 2 of 'blast'.*at least 5.*basophil, lymphocyte, platelet"):
        adapt(model, output=tmp_path / "a.onnx", labelled=cells)


def test_what_cannot_be_told_is_said() -> None:
    said = np.array([2, 2, 2, 3, 3])
    found = Taught(
        ("a", "b", "smudge_cell", "blast"), 2, np.array([2, 2, 3, 3, 3]), said * 0, said, (1.0, 1.0), None, []
    )
    assert found.changed == (4, 0)
    few, pair, alone, missing = replace(found, said_after=np.array([2, 3, 3, 2, 3])).lines
    assert few.startswith("So few cells do not tell that from chance (3 mended, 0 spoiled; p = 0.12)")
    assert pair == "Not told apart: Smudge cell and Blast, 2 of 5 called the other."
    assert alone.startswith("No cell of a class that the model knew was labelled")
    assert missing == "Nothing is known of this laboratory's cells of classes without a label: A, B."


def test_a_file_that_would_not_be_better_is_not_written(tmp_path: Path, model: Path) -> None:
    source = tmp_path / "own.csv"
    paths = sorted(write_cells(tmp_path / "cells", 6).rglob("*.png"))
    said = hemascope.load(model, threads=1)(paths)
    rows = [f"{path},{found.label}" for path, found in zip(paths, said, strict=True)]
    source.write_text("\n".join(["path,label", *rows]) + "\n")
    with pytest.raises(ModelFileError, match=r"not written.*100% .*of 18 labelled cells are right before"):
        adapt(model, output=tmp_path / "a.onnx", labelled=source)
    assert not (tmp_path / "a.onnx").exists()


def test_models_that_cannot_be_taught_are_refused(tmp_path: Path, model: Path, cells: Path) -> None:
    with pytest.raises(ModelFileError, match=r"no memory of its classes.*train --resume"):
        adapt(write_model(tmp_path / "old.onnx"), output=tmp_path / "a.onnx", labelled=cells)
    adapt(model, output=tmp_path / "once.onnx", labelled=cells)
    with pytest.raises(ModelFileError, match=r"taught already.*original file with all labels"):
        adapt(tmp_path / "once.onnx", output=tmp_path / "twice.onnx", labelled=cells)
    damaged = onnx.load(model)
    for entry in damaged.metadata_props:
        if entry.key == MEMORY_KEY:
            entry.value = entry.value[: len(entry.value) // 2]
    onnx.save(damaged, tmp_path / "damaged.onnx")
    with pytest.raises(ModelFileError, match="its memory"):
        adapt(tmp_path / "damaged.onnx", output=tmp_path / "a.onnx", labelled=cells)


def test_what_is_given_must_be_of_use(tmp_path: Path, model: Path, cells: Path) -> None:
    for given, why in (
        ({}, "no images to adapt to"),
        ({"labelled": cells, "to_label": tmp_path / "next.csv"}, "Give both"),
        ({"labelled": cells, "unlabelled": cells}, "no image can be read that is not labelled already"),
        ({"labelled": write_cells(tmp_path / "few", 1)}, "3 labelled cells, and teaching needs at least 5"),
    ):
        with pytest.raises(SourceError, match=why):
            adapt(model, output=tmp_path / "a.onnx", **given)


def test_the_list_of_cells_to_label_next_leaves_out_the_labelled_and_teaches_when_filled_in(
    tmp_path: Path, model: Path, cells: Path
) -> None:
    pool = write_cells(tmp_path / "pool", 12, seed=2)
    listed = tmp_path / "next.csv"
    adapt(model, [pool, cells], tmp_path / "a.onnx", labelled=cells, to_label=listed, threads=1)
    with listed.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    assert {Path(row["path"]).parent.parent for row in rows} == {pool.resolve()}
    assert {row["label"] for row in rows} == {""}
    assert len({row["guess"] for row in rows}) == 3
    lines = [f"{row['path']},{Path(row['path']).parent.name}" for row in rows]
    listed.write_text("\n".join(["path,label", *lines]) + "\n")
    assert adapt(model, output=tmp_path / "b.onnx", labelled=listed, threads=1).after[0] >= 0.9


def test_unlabelled_cells_help_the_labelled_ones(tmp_path: Path, model: Path) -> None:
    few = write_cells(tmp_path / "few", 2)
    copies = tmp_path / "copies"  # of the labelled cells, under other names: they do not count among the unlabelled
    shutil.copytree(few, copies)
    pool = write_cells(tmp_path / "pool", 12, seed=2)
    output = tmp_path / "taught.onnx"
    found = adapt(model, [pool, copies], output, labelled=few, threads=1)
    assert found.heading == "6 labelled and 36 unlabelled cells, by cross-validation"
    assert hemascope.load(output).card.adapted["unlabelled"] == 36
    assert found.zoom is not None
    assert found.zoom.sentence in found.lines
    assert hemascope.load(output).card.zoom == found.zoom.zoom
    assert hemascope.load(output).card.adapted["source"] == hemascope.load(model).digest
    adapt(model, output=tmp_path / "alone.onnx", labelled=few, threads=1)

    def sure(path: Path) -> float:  # of cells that are neither labelled nor unlabelled here
        others = sorted(write_cells(tmp_path / "others", 5, seed=1).rglob("*.png"))
        found = hemascope.load(path, threads=1)(others)
        return float(np.mean([one.probabilities[at.parent.name] for at, one in zip(others, found, strict=True)]))

    assert sure(output) > sure(tmp_path / "alone.onnx") > sure(model)


def test_a_failure_while_writing_keeps_the_former_file(
    tmp_path: Path, model: Path, cells: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "a.onnx"
    output.write_bytes(b"former")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(save, "load", fail)
    with pytest.raises(RuntimeError):
        adapt(model, output=output, labelled=cells, threads=1)
    assert output.read_bytes() == b"former"


def test_a_zoomed_file_is_taught_and_a_taught_one_zoomed(tmp_path: Path, model: Path, cells: Path) -> None:
    onnx.save(with_zoom(onnx.load(model), 1.2), tmp_path / "zoomed.onnx")
    adapt(tmp_path / "zoomed.onnx", output=tmp_path / "both.onnx", labelled=cells, threads=1)
    assert accuracy(tmp_path / "both.onnx", cells) >= 0.9
    taught = hemascope.load(tmp_path / "both.onnx").card
    found = adapt(tmp_path / "both.onnx", [str(write_cells(tmp_path / "more", 12))], tmp_path / "again.onnx", threads=1)
    card = hemascope.load(tmp_path / "again.onnx").card
    assert card.adapted["zoom"] == found.zoom
    assert card.adapted["labelled"] == taught.adapted["labelled"]
