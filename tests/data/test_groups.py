import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hemascope.data.groups import identical_groups, join_groups

NO_LINKS = np.empty((0, 2), np.int64)


def test_rows_of_one_digest_share_the_lowest_row() -> None:
    groups = identical_groups([b"x", b"y", None, b"x", b"y", None, b"z"])
    assert groups.tolist() == [0, 1, -1, 0, 1, -1, 6]
    assert groups.dtype == np.int64


def test_links_join_by_way_of_others_and_of_former_groups() -> None:
    group = np.array([-1, 9, -1, 9, -1, -1])
    assert join_groups(group, np.array([[4, 3], [4, 5]])).tolist() == [-1, 1, -1, 1, 1, 1]


def test_a_row_linked_to_itself_is_a_group_of_one() -> None:
    assert join_groups(np.full(3, -1), np.array([[1, 1]])).tolist() == [-1, 1, -1]


def test_joining_nothing_changes_only_the_numbers() -> None:
    assert join_groups(np.array([5, -1, 5, 2]), NO_LINKS).tolist() == [0, -1, 0, 3]
    assert join_groups(np.array([], np.int64), NO_LINKS).tolist() == []
    assert identical_groups([]).tolist() == []


@given(
    st.lists(st.integers(-1, 5), min_size=1, max_size=12).flatmap(
        lambda group: st.tuples(
            st.just(group),
            st.lists(st.tuples(*[st.integers(0, len(group) - 1)] * 2), max_size=10),
        )
    )
)
def test_groups_are_those_of_a_search_by_hand(drawn: tuple[list[int], list[tuple[int, int]]]) -> None:
    group, links = drawn
    joined = join_groups(np.array(group), np.array(links, np.int64).reshape(-1, 2))
    linked = {row for link in links for row in link}
    for row, own in enumerate(group):
        reached, waiting = {row}, [row]
        while waiting:
            here = waiting.pop()
            near = {b for a, b in links if a == here} | {a for a, b in links if b == here}
            near |= {other for other, number in enumerate(group) if number >= 0 and number == group[here]}
            waiting += near - reached
            reached |= near
        assert joined[row] == (min(reached) if own >= 0 or row in linked else -1)
