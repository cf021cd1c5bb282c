import numpy as np
import pytest

from hemascope.audit.labels import check_labels

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
