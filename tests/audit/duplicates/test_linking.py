from hemascope.audit.duplicates.linking import Ties
from hemascope.audit.duplicates.pair import Pair


def kept(*pairs: tuple[int, int, float]) -> set[tuple[int, int]]:
    ties = Ties(sure=0.75)
    for first, second, score in pairs:
        ties.add(Pair(first, second, score, ""))
    return {(pair.first, pair.second) for pair in ties.pairs()}


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
    ties = Ties(sure=0.75)
    for first, second, score in ((0, 1, 0.9), (5, 6, 0.9), (1, 2, 0.9), (7, 8, 0.7)):
        ties.add(Pair(first, second, score, ""))
    heads = ties.heads().tolist()
    assert len(heads) == 2
    assert heads[0] in (0, 1, 2)
    assert heads[1] in (5, 6)
