"""Calls here, and as tasks of a real Ray cluster of two machines, one of which is killed."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from hemascope.engine import ray_tasks, worker
from hemascope.engine.tasks import Call, Here
from hemascope.engine.where import Where, tasks
from hemascope.errors import EngineError, RecipeError
from tests.engine import jobs
from tests.told import Told


@pytest.fixture
def pool(machines, tmp_path):
    machines.join()
    with tasks(Where(machines.address), tmp_path, many=2) as there:
        yield there


def test_here_calls_run_one_after_the_other_as_they_are_asked_for():
    told, asked = Told(), []

    def calls():
        for value in (1, 2):
            asked.append(value)
            yield Call(f"call {value}", jobs.double, (value,))

    results = Here().each(calls(), progress=told)
    assert next(results) == (0, 2)
    assert asked == [1]
    assert list(results) == [(1, 4)]
    assert told.said == ["doubling 1", "doubling 2"]
    heard = []
    assert Here().call("numbers", jobs.tell_numbers, hear=heard.append) == "told all"
    assert heard == list(range(100))


def test_a_share_without_a_cluster_is_refused():
    with pytest.raises(EngineError, match="share out a cluster"):
        Where(cores=2).check()
    with pytest.raises(EngineError, match="no place to run"):
        Where("http://head").check()


def test_results_and_lines_come_back(pool):
    told, images = Told(), np.arange(6, dtype=np.uint8)
    given = pool.put(images)
    calls = [Call(f"fold {number} of 3", jobs.double, (given,)) for number in (1, 2, 3)]
    found = dict(pool.each(calls, what="folds", progress=told))
    assert sorted(found) == [0, 1, 2]
    assert all((value == 2 * images).all() for value in found.values())
    assert sorted(told.said) == [f"fold {number} of 3: doubling [0 1 2 3 4 5]" for number in (1, 2, 3)]
    assert told.steps[0] == ("folds", 3)
    assert told.counts[-1] == ("folds", 3, 3)


def test_an_error_arrives_as_it_was_and_stops_the_others(pool):
    begun = time.monotonic()
    with pytest.raises(RecipeError) as told:
        list(pool.each([Call(f"call {n}", jobs.fail, (n,)) for n in (1, 2, 3)], what="calls"))
    assert (told.value.problem, told.value.remedy) == ("it cannot be", "Do another.")
    assert "jobs.py" in told.value.__notes__[0]
    assert time.monotonic() - begun < 200
    assert pool.stopped
    with pytest.raises(KeyboardInterrupt):
        pool.call("later", jobs.double, 1)


def test_what_is_told_is_heard_and_may_end_it(pool):
    def hear(number):
        heard.append(number)
        if number == 3:
            raise LookupError("enough")

    heard = []
    with pytest.raises(LookupError, match="enough"):
        pool.call("numbers", jobs.tell_numbers, hear=hear)
    assert heard == [0, 1, 2, 3]
    with pytest.raises(ZeroDivisionError):
        pool.call("division", jobs.divide)


@pytest.fixture
def heard():
    """Ctrl-C, which the processes that share a test run pass over."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_ctrl_c_ends_the_tasks(pool, tmp_path):
    def press(message):
        if "at 1" in message:
            os.kill(os.getpid(), signal.SIGINT)

    told = Told()
    told.say = press
    with pytest.raises(KeyboardInterrupt):
        list(pool.each([Call("count", jobs.count_up, (tmp_path, 1000, 0.1))], what="calls", progress=told))
    reached = int((tmp_path / "count").read_text())
    time.sleep(0.5)
    assert int((tmp_path / "count").read_text()) == reached < 1000


def test_a_machine_that_does_not_see_the_folder_says_so(pool, tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "_site", worker.Site.here(tmp_path / "elsewhere" / "mark"))
    with pytest.raises(EngineError, match=r"elsewhere: the machine .* does not see this folder") as told:
        pool.call("call", jobs.double, 1)
    assert "network disk" in told.value.remedy
    monkeypatch.setattr(pool, "_site", worker.Site(tmp_path, tmp_path, "0.0.1"))
    lost = list(pool.each([Call("call", jobs.double, (1,))], lost=lambda position, problem: (position, str(problem))))
    assert "this one 0.0.1. Install the same version everywhere." in lost[0][1][1]


def test_a_task_whose_machine_is_killed_goes_on_on_another(machines, tmp_path):
    machines.join()
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    killed = threading.Event()

    class Killing(Told):
        def say(self, message):
            super().say(message)
            if {"a: at 2", "b: at 2"} <= set(self.said) and not killed.is_set():
                killed.set()
                machines.kill()

    told = Killing()
    with tasks(Where(machines.address, cores=1), tmp_path, many=2) as there:
        calls = [
            Call(folder.name, jobs.count_up, (folder, 30, 0.1, beside))
            for folder, beside in zip(folders, reversed(folders), strict=True)
        ]
        found = dict(there.each(calls, what="calls", progress=told))
    assert sorted(found.values()) == [(30, 1), (30, 2)]
    again = [line for line in told.said if "its worker was lost; it goes on from its checkpoint" in line]
    assert len(again) == 1
    lost = again[0][0]
    reached = [int(line.rsplit(" ", 1)[1]) for line in told.said if line.startswith(f"{lost}: at ")]
    assert reached == sorted(reached)  # from where it was, not from 1
    assert not list(tmp_path.glob(".shared-*"))
    assert ray_tasks.RETRIES > 1
