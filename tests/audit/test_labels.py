from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hemascope.audit.audit import audit
from hemascope.audit.features import Features
from hemascope.audit.labels import check_labels, eyes_for
from hemascope.cells import BLOOD_CLASSES
from hemascope.data.manifest import Manifest
from hemascope.data.sources import open_source

CLASSES = ("basophil", "eosinophil", "platelet")


@pytest.fixture
def clusters() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    targets = np.repeat([0, 1, 2], 60)
    centres = rng.normal(0, 3, (3, 8))
    return (centres[targets] + rng.normal(0, 1, (180, 8))).astype(np.float32), targets


def test_swapped_labels_rank_first_and_are_named(clusters: tuple[np.ndarray, np.ndarray]) -> None:
    embedding, truth = clusters
    given = truth.copy()
    swapped = [3, 70, 130, 131]
    given[swapped] = (given[swapped] + 1) % 3
    scores, findings = check_labels(embedding, given, CLASSES, np.full(180, -1), np.ones(180, bool))
    assert set(np.argsort(-scores)[:4]) == set(swapped)
    found = {f.row for f in findings}
    assert 3 in found
    assert found <= set(swapped)
    assert len(found) >= 3
    first = next(f for f in findings if f.row == 3)
    assert first.kind == "label"
    assert "labelled eosinophil" in first.reason
    assert "looks like basophil" in first.reason


def test_a_wrong_label_with_a_copy_of_itself_is_still_found(clusters: tuple[np.ndarray, np.ndarray]) -> None:
    embedding, given = clusters[0].copy(), clusters[1].copy()
    embedding[1], embedding[2] = embedding[0], embedding[0]
    given[:3] = 2  # three copies of one image would vouch for each other
    groups = np.full(180, -1)
    groups[:3] = 0
    scores, findings = check_labels(embedding, given, CLASSES, groups, np.ones(180, bool))
    assert {0, 1, 2} <= {f.row for f in findings}
    assert scores[:3].min() > 0.9


def test_what_cannot_be_learnt_has_no_score(clusters: tuple[np.ndarray, np.ndarray]) -> None:
    embedding, given = clusters
    usable = np.ones(180, bool)
    usable[5] = False
    unlabelled = given.copy()
    unlabelled[7] = -1
    unlabelled[120:175] = -1  # five of the third class remain: too few
    scores, findings = check_labels(embedding, unlabelled, CLASSES, np.full(180, -1), usable)
    assert scores[5] == scores[7] == 0
    assert not scores[120:].any()
    assert all(f.row < 120 for f in findings)


def test_one_class_alone_has_nothing_to_disagree_with(clusters: tuple[np.ndarray, np.ndarray]) -> None:
    scores, findings = check_labels(
        clusters[0], np.zeros(180, np.int64), ("platelet",), np.full(180, -1), np.ones(180, bool)
    )
    assert not scores.any()
    assert findings == []


def test_no_confidence_is_flat_and_a_label_that_is_not_unlikely_is_left_in_peace(
    clusters: tuple[np.ndarray, np.ndarray],
) -> None:
    embedding, truth = clusters
    given = truth.copy()
    given[[3, 70, 130]] = (given[[3, 70, 130]] + 1) % 3
    scores, findings = check_labels(embedding * 5, given, CLASSES, np.full(180, -1), np.ones(180, bool))
    assert findings
    for found in findings:
        assert "100%" not in found.reason
        assert "(0%" not in found.reason
        assert found.score == scores[found.row] > 0.8
        assert f"looks like {found.label} (" in found.reason
    assert "(>99%)" in findings[0].reason
    assert "(<1% likely)" in findings[0].reason


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("blast", "by the audit's own features, since the shipped classifier does not know blast"),
        ("monocyte", "by the features of the shipped classifier tiny, which knows these classes"),
    ],
)
def test_the_classifiers_eyes_are_used_where_it_knows_the_classes(label: str, words: str) -> None:
    labels = ["platelet", label, "smudge"] * 4
    manifest = Manifest.build([f"{i}.png" for i in range(12)], labels, [*BLOOD_CLASSES, "blast", "smudge"])
    images = np.random.default_rng(0).integers(0, 255, (12, 96, 96, 3), np.uint8)
    shows, vectors = np.zeros((12, 3), np.float32), np.zeros((12, 4), np.float16)
    features = Features(manifest, images, [None] * 12, pd.DataFrame(), vectors, shows)
    own = np.ones((12, 1), np.float32)
    rows = np.array([0, 1, 3, 4, 6, 7, 9, 10])  # no smudge among them
    eyes = eyes_for(features, own, rows)
    assert words in eyes.words
    assert (eyes.embedding is own) == (label == "blast")
    assert len(eyes.embedding) == 12


def test_few_right_labels_of_blood_cells_are_doubted_and_wrong_ones_are(pbc: Path) -> None:
    whole = open_source(pbc / "val")
    rng = np.random.default_rng(1)
    targets = whole.targets()
    chosen = np.concatenate([rng.permutation(np.flatnonzero(targets == k))[:20] for k in range(8)])
    manifest = whole.rows(chosen)
    labels = manifest.table["label"].to_numpy(object).copy()
    wrong = [7, 27, 47, 67, 87, 107, 127, 147]
    labels[wrong] = [BLOOD_CLASSES[(k + 3) % 8] for k in manifest.targets()[wrong]]
    done = audit(manifest.with_columns(label=labels))
    found = done.findings[done.findings["kind"] == "label"]
    assert len(set(wrong) & set(found["row"])) >= 6
    assert len(set(found["row"]) - set(wrong)) <= 4  # 0.1.0 doubted some thirty
    guessed = found[found["row"].isin(wrong)]
    assert (guessed["label"].to_numpy() == manifest.table["label"].to_numpy()[guessed["row"]]).mean() > 0.8
    assert any("shipped classifier tiny" in note for note in done.notes)
