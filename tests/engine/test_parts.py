import threading
from collections import deque
from types import SimpleNamespace

import pytest

from hemascope.engine.parts import DEATHS, each
from hemascope.errors import EngineError, ModelFileError
from tests.progress import Told

exceptions = pytest.importorskip("ray.exceptions", reason="Ray is not installed: pip install 'hemascope[ray]'")


class Fake:
    """Ray's calls that `each` uses, in this process: a call runs when its answer is asked for.

    Args:
        cores: of the cluster.
        lost: numbers of the calls, in the order in which they are answered, whose worker is lost.
    """

    def __init__(self, cores: int = 2, lost: tuple[int, ...] = ()) -> None:
        self.cores, self.lost, self.calls = cores, lost, 0
        self.alive: set[int] = set()
        self.most = 0

    def cluster_resources(self):
        return {"CPU": float(self.cores)}

    def remote(self, kind):
        def begin(*arguments):
            number = self.most
            self.most += 1
            self.alive.add(number)
            worker = kind(*arguments)

            def method(name):
                return SimpleNamespace(remote=lambda *given: Call(number, getattr(worker, name), given))

            return SimpleNamespace(number=number, ready=method("ready"), work=method("work"))

        return SimpleNamespace(options=lambda **_: SimpleNamespace(remote=begin))

    def wait(self, calls, timeout):
        return calls[:1], calls[1:]

    def get(self, call):
        self.calls += 1
        if self.calls in self.lost:
            raise exceptions.NodeDiedError("its machine is gone")
        try:
            return call.function(*call.given)
        except Exception as problem:
            raise exceptions.RayTaskError("work", "Traceback", problem) from problem

    def kill(self, actor):
        self.alive.discard(actor.number)


class Call:
    def __init__(self, worker, function, given):
        self.worker, self.function, self.given = worker, function, given


class Twice:
    def __init__(self, plus=0):
        self._plus = plus

    def __call__(self, part):
        return 2 * part + self._plus


def test_every_part_is_done_once_and_the_workers_go():
    ray = Fake(cores=3)
    found = {done.number: (done.part, done.result) for done in each(ray, enumerate(range(10, 20)), Twice, 1)}
    assert found == {number: (10 + number, 21 + 2 * number) for number in range(10)}
    assert (ray.most, ray.alive) == (3, set())


def test_no_more_workers_than_parts_and_than_asked_for():
    for parts, workers, begun in ((2, None, 2), (30, 4, 4), (0, None, 0)):
        ray = Fake(cores=16)
        assert len(list(each(ray, enumerate(range(parts)), Twice, workers=workers))) == parts
        assert ray.most == begun


def test_parts_are_taken_as_there_are_workers_for_them():
    taken = []

    def parts():
        for number in range(100):
            taken.append(number)
            yield number, number

    following = each(Fake(cores=2), parts(), Twice)
    for done in range(1, 20):
        next(following)
        assert len(taken) <= done + 4
    following.close()


def test_a_lost_worker_costs_its_part_alone_which_is_done_again():
    ray, progress = Fake(cores=2, lost=(5,)), Told()
    found = [done.part for done in each(ray, enumerate(range(8)), Twice, progress=progress)]
    assert sorted(found) == list(range(8))
    assert len(progress.lines) == 1
    assert "was lost: its part is done again" in progress.lines[0]
    assert (ray.most, ray.alive) == (3, set())


def test_a_part_that_ends_one_worker_after_the_other_ends_the_job():
    ray = Fake(cores=1, lost=tuple(range(2, 99, 2)))  # every worker is ready, and then lost
    with pytest.raises(EngineError, match=rf"the number 7: ended {DEATHS} workers.*\(its machine is gone\)"):
        list(each(ray, enumerate([7, 8]), Twice, name="the number {}".format))
    assert ray.alive == set()


def test_workers_that_never_begin_end_the_job():
    with pytest.raises(EngineError, match="end before they are ready"):
        list(each(Fake(cores=1, lost=tuple(range(99))), enumerate(range(3)), Twice))


def test_what_a_worker_raises_is_told_as_it_is():
    def refuse(part):
        raise ModelFileError("m.onnx: no model", "Give one.")

    def broken():
        raise ModuleNotFoundError("No module named 'hemascope'")

    with pytest.raises(ModelFileError, match=r"m.onnx: no model\. Give one\."):
        list(each(Fake(), enumerate(range(3)), lambda: refuse))
    with pytest.raises(EngineError, match="hemascope is not installed where the workers run"):
        list(each(Fake(), enumerate(range(3)), broken))
    with pytest.raises(EngineError, match="a worker failed: division by zero"):
        list(each(Fake(), enumerate([0]), lambda: lambda part: 1 / part))


def test_workers_of_another_release_are_refused(monkeypatch):
    ray = Fake()
    monkeypatch.setattr("hemascope.engine.parts._Worker.ready", lambda worker: ("host", "0.0.1"))
    with pytest.raises(EngineError, match=r"host: a worker has hemascope 0\.0\.1"):
        list(each(ray, enumerate(range(3)), Twice))
    assert ray.alive == set()


def test_it_ends_at_once_when_told_to():
    stop, seen = threading.Event(), deque()
    for done in each(Fake(), enumerate(range(50)), Twice, stop=stop):
        seen.append(done)
        if len(seen) == 3:
            stop.set()
    assert len(seen) < 6
