import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.serve.turns import Turns


def served(turns, works, steps):
    """What each request of {request: (client, work)} had after so many steps, all of them waiting all the time."""
    had = dict.fromkeys(works, 0)
    for _ in range(steps):
        request, client = turns.next()
        turns.charge(request, client, works[request][1])
        had[request] += works[request][1]
    return had


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 100)), min_size=1, max_size=12))
def test_clients_and_their_requests_have_equal_shares(described):
    works = dict(enumerate(described))
    turns = Turns()
    for request, (client, _) in works.items():
        turns.add(request, client)
    had = served(turns, works, 500)
    most = max(work for _, work in described)
    clients = {}
    for request, (client, _) in works.items():
        clients.setdefault(client, []).append(had[request])
    for shares in clients.values():
        assert max(shares) - min(shares) <= most
    sums = [sum(shares) for shares in clients.values()]
    assert max(sums) - min(sums) <= most


def test_who_comes_late_saves_up_nothing():
    turns = Turns()
    turns.add("a", "a")
    for _ in range(100):
        turns.charge("a", "a", 10)
    turns.add("b", "b")
    assert served(turns, {"a": ("a", 10), "b": ("b", 10)}, 10) == {"a": 50, "b": 50}


def test_who_goes_and_comes_again_owes_what_it_had():
    turns = Turns()
    turns.add("small", "good")
    turns.add("large", "bad")
    had = {"good": 0, "bad": 0}
    for i in range(303):
        request, client = turns.next()
        had[client] += 1
        turns.charge(request, client, 1 if client == "good" else 100)
        if client == "bad":
            turns.remove(request, client)
            turns.add(f"large {i}", "bad")
    assert turns.remove("small", "good")
    assert not turns.remove("small", "good")
    assert had == {"good": 300, "bad": 3}


def test_order_among_equals_is_that_of_coming():
    turns = Turns()
    names = list(range(20))
    random.Random(0).shuffle(names)
    for name in names:
        turns.add(name, name)
    order = []
    while turns:
        request, client = turns.next()
        turns.charge(request, client, 1)
        turns.remove(request, client)
        order.append(request)
    assert order == names
    with pytest.raises(ValueError, match="empty"):
        turns.next()
