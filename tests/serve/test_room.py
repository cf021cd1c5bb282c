import pytest

from hemascope.serve.problems import ProblemError
from hemascope.serve.room import Room


def test_all_is_given_back():
    room = Room(100)
    with room.place(60) as one, room.place(60) as two:
        one.take(50)
        two.take(20)
        two.take(30)
        assert room.held == 100
    assert room.held == 0


def test_too_much_for_one_request():
    room = Room(100)
    with room.place(60) as place:
        place.take(60)
        with pytest.raises(ProblemError) as caught:
            place.take(1)
    assert caught.value.kind.status == 413
    assert room.held == 0


def test_too_much_together():
    room = Room(100)
    with room.place(60) as one, room.place(60) as two:
        one.take(60)
        with pytest.raises(ProblemError) as caught:
            two.check(41)
        assert caught.value.kind.status == 503
        assert caught.value.headers == {"Retry-After": "1"}
        two.take(40)
