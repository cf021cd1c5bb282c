from pathlib import Path

import numpy as np
import pytest

from hemascope.audit.findings import Finding, findings_table
from hemascope.audit.verdicts import FILE_NAME, cleaned, verdict_counts
from hemascope.data.manifest import Manifest
from hemascope.data.sources import open_source
from hemascope.errors import SourceError
from hemascope.evaluate.predictions import Predictions
from hemascope.pipeline.train import train
from hemascope.report.data_part import data_part
from hemascope.train.recipe_files import load_recipe
from tests.networks import TINY_NETWORK
from tests.told import Told


def images() -> Manifest:
    manifest = Manifest.build(
        [f"{i}.png" for i in range(6)], ["a", "b", "a", "b", "a", ""], ["a", "b"], errors=["", "", "", "bad", "", ""]
    )
    return manifest.with_columns(verdict=["keep", "drop", "review", "keep", "keep", "keep"], group=[0, 0, -1, -1, 4, 4])


def test_verdicts_are_written_and_nothing_is_deleted() -> None:
    found = [
        Finding(0, "blur", 1.0, "", (), "review"),
        Finding(1, "blur", 1.0, "", (), "keep"),
        Finding(2, "blur", 1.0, "", (), "keep"),
        Finding(3, "undecodable", 1.0, "", (), "keep"),
        Finding(4, "junk", 1.0, "", (), "drop"),
    ]
    clean = cleaned(images(), findings_table(found))
    assert list(clean.table["verdict"]) == ["review", "drop", "review", "keep", "drop", "keep"]
    assert clean.table.drop(columns="verdict").equals(images().table.drop(columns="verdict"))
    assert list(clean.usable) == [True, False, True, False, False, True]


def test_counts_by_class() -> None:
    clean = cleaned(images(), findings_table([Finding(0, "blur", 1.0, ""), Finding(4, "junk", 1.0, "", (), "drop")]))
    counts = verdict_counts(images(), clean)
    assert list(counts.index) == ["a", "b", ""]
    assert counts.loc["a"].to_dict() == {"before": 3, "dropped": 1, "relabelled": 0, "after": 2, "review": 2}
    assert counts.loc["b"].to_dict() == {"before": 0, "dropped": 0, "relabelled": 0, "after": 0, "review": 0}
    assert counts.loc[""].to_dict() == {"before": 1, "dropped": 0, "relabelled": 0, "after": 1, "review": 0}


def test_a_relabelled_image_has_its_new_label_and_counts_as_such() -> None:
    found = [Finding(0, "label", 1.0, "", (), "relabel", "b"), Finding(4, "blur", 1.0, "", (), "relabel", "b")]
    clean = cleaned(images(), findings_table([*found, Finding(4, "junk", 1.0, "", (), "drop")]))
    assert list(clean.table["label"]) == ["b", "b", "a", "b", "b", ""]
    assert list(clean.table["verdict"][[0, 4]]) == ["relabel", "drop"]
    assert clean.usable[0]
    counts = verdict_counts(images(), clean)
    assert counts.loc["a"].to_dict() == {"before": 3, "dropped": 1, "relabelled": -1, "after": 1, "review": 1}
    assert counts.loc["b"].to_dict() == {"before": 0, "dropped": 0, "relabelled": 1, "after": 1, "review": 0}
    assert data_part(clean).relabelled == 1
    again = cleaned(clean, findings_table([]))
    assert list(again.table["label"]) == list(clean.table["label"])


def test_two_labels_for_one_image_are_refused() -> None:
    found = [Finding(0, "label", 1.0, "", (), "relabel", "b"), Finding(0, "blur", 1.0, "", (), "relabel", "a")]
    with pytest.raises(SourceError, match=r"0\.png: relabelled as b and as a\. Give all of its findings the same"):
        cleaned(images(), findings_table(found))


def test_a_cleaned_manifest_trains(tmp_path: Path) -> None:
    source = open_source("synthetic:120")
    splits = np.array(["train"] * 80 + ["val"] * 40, object)
    group = np.full(120, -1)
    group[[8, 88]] = 8  # a group that crosses the splits, left undecided by the audit
    source = source.with_columns(split=splits, group=group)
    found = [Finding(row, "junk", 1.0, "", (), "drop") for row in (0, 1, 90)]
    found += [Finding(2, "label", 1.0, "", (), "review"), Finding(3, "label", 1.0, "", (), "relabel", "platelet")]
    cleaned(source, findings_table(found)).write(tmp_path / FILE_NAME)

    recipe = load_recipe("demo", ["input_size=32", "batch_size=16", "epochs=1", *TINY_NETWORK])
    told = Told()
    run = train(tmp_path / FILE_NAME, recipe, output=tmp_path / "run", progress=told)
    table = run.manifest().table
    assert list(np.flatnonzero(table["verdict"] == "drop")) == [0, 1, 8, 90]
    assert table["verdict"][2] == "review"
    assert (source.table["label"][3], table["label"][3], table["verdict"][3]) == (
        "immature_granulocyte",
        "platelet",
        "relabel",
    )
    assert list(table["split"]) == list(splits)
    predictions = Predictions.read(run.predictions_file)
    assert len(predictions.table) == 39
    assert "90" not in set(predictions.table["member"])
    said = "\n".join(told.said)
    assert "77 train, 39 val" in said
    assert "left out: 3, dropped by the audit" in said
    assert "left out: 1, a copy of an image kept in val" in said
    assert "relabelled in the audit: 1" in said
    page = run.report_file.read_text()
    assert "1 image has a label that was given in the audit." in page
    assert "dropped by the audit" in page
    assert "a copy of an image kept in val" in page
