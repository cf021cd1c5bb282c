import numpy as np

from hemascope.audit.duplicates.pair import Linking, Pair, joined


def test_pairs_join_groups_and_leave_the_others_alone() -> None:
    pairs = [Pair(1, 4, 0.9, "softer"), Pair(4, 5, 0.9, "softer")]
    assert joined(np.array([0, -1, 0, -1, 0, -1]), pairs).tolist() == [0, 0, 0, -1, 0, 0]
    assert joined(np.array([0, -1, 2]), []).tolist() == [0, -1, 2]


def kept(*pairs: tuple[int, int, float]) -> set[tuple[int, int]]:
    linking = Linking(sure=0.75)
    for first, second, score in pairs:
        linking.add(Pair(first, second, score, ""))
    return {(pair.first, pair.second) for pair in linking.pairs()}


def test_sure_pairs_always_tie() -> None:
    assert kept((0, 1, 0.9), (2, 3, 0.8), (1, 2, 0.75)) == {(0, 1), (2, 3), (1, 2)}


def test_a_weak_pair_ties_two_lone_images() -> None:
    assert kept((0, 1, 0.6)) == {(0, 1)}


def test_a_single_weak_pair_joins_no_groups() -> None:
    assert kept((0, 1, 0.9), (2, 3, 0.9), (1, 2, 0.7)) == {(0, 1), (2, 3)}
    assert kept((0, 1, 0.9), (1, 2, 0.7)) == {(0, 1)}


def test_weak_pairs_make_no_chain() -> None:
    assert kept((0, 1, 0.7), (1, 2, 0.6), (2, 3, 0.65)) == {(0, 1), (2, 3)}


def test_two_weak_pairs_between_the_same_groups_do() -> None:
    assert kept((0, 1, 0.9), (1, 2, 0.7), (0, 2, 0.65)) == {(0, 1), (1, 2)}
    assert kept((0, 1, 0.9), (2, 3, 0.9), (0, 2, 0.6), (1, 3, 0.7)) == {(0, 1), (2, 3), (1, 3)}


def test_each_sure_group_has_one_head() -> None:
    linking = Linking(sure=0.75)
    for first, second, score in ((0, 1, 0.9), (5, 6, 0.9), (1, 2, 0.9), (7, 8, 0.7)):
        linking.add(Pair(first, second, score, ""))
    heads = linking.heads().tolist()
    assert len(heads) == 2
    assert heads[0] in (0, 1, 2)
    assert heads[1] in (5, 6)
