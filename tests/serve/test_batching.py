import asyncio
import threading
import time

import pytest

from hemascope.serve.batching import Batcher
from hemascope.serve.problems import ProblemError


class Network:
    """Answers by the double; keeps its batches; can be held up."""

    def __init__(self):
        self.batches = []
        self.free = threading.Event()
        self.free.set()

    def __call__(self, images):
        self.batches.append(images)
        self.free.wait(10)
        if "bad" in images:
            raise RuntimeError("the network")
        return [image * 2 for image in images]


def run(scenario, **settings):
    """Runs a scenario, an async function of batcher and network."""

    async def whole():
        network = Network()
        batcher = Batcher(network, **{"threads": 1, "batch": 8, "queue": 100, "gather": 0.01, **settings})
        try:
            return await asyncio.wait_for(scenario(batcher, network), 20)
        finally:
            network.free.set()
            await asyncio.to_thread(batcher.close)

    return asyncio.run(whole())


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("threads", [1, 3])
def test_everyone_gets_the_own_answers(threads):
    async def scenario(batcher, network):
        requests = [[100 * i + j for j in range(1 + i % 5)] for i in range(60)]
        found = await asyncio.gather(*map(batcher.answers, requests))
        assert found == [[2 * image for image in request] for request in requests]
        assert max(map(len, network.batches)) <= 8

    run(scenario, threads=threads, queue=1000)


def test_concurrent_requests_share_runs():
    async def scenario(batcher, network):
        network.free.clear()
        first = asyncio.ensure_future(batcher.answers([0]))
        await until(lambda: network.batches)
        others = [asyncio.ensure_future(batcher.answers([i])) for i in range(1, 17)]
        await until(lambda: batcher.waiting == 16)
        network.free.set()
        await asyncio.gather(first, *others)
        assert [len(batch) for batch in network.batches] == [1, 8, 8]

    run(scenario)


def test_a_lone_client_never_waits():
    async def scenario(batcher, network):
        start = time.monotonic()
        for i in range(5):
            assert await batcher.answers([i]) == [2 * i]
        assert time.monotonic() - start < 0.9

    run(scenario, gather=0.9)


def test_in_company_an_image_waits_for_others():
    async def scenario(batcher, network):
        await asyncio.gather(*[batcher.answers([i]) for i in range(8)])  # there is company
        network.batches.clear()
        first = asyncio.ensure_future(batcher.answers([1]))
        await asyncio.sleep(0.02)
        assert not network.batches
        await asyncio.gather(first, *[batcher.answers([i]) for i in range(7)])
        assert len(network.batches[0]) == 8

    run(scenario, gather=0.4)


def test_nobody_waits_when_all_are_here_who_lately_were():
    async def scenario(batcher, network):
        start = time.monotonic()
        for _ in range(4):
            await asyncio.gather(*[batcher.answers([i]) for i in range(4)])
        assert time.monotonic() - start < 0.9

    run(scenario, gather=0.9)


def test_idle_threads_share_a_large_request():
    async def scenario(batcher, network):
        network.free.clear()
        answers = asyncio.ensure_future(batcher.answers(range(8)))
        await until(lambda: sum(map(len, network.batches)) == 8)
        assert sorted(map(len, network.batches)) == [4, 4]
        network.free.set()
        await answers

    run(scenario, threads=2)


def test_a_large_request_does_not_hold_up_a_small_one():
    async def scenario(batcher, network):
        network.free.clear()
        first = asyncio.ensure_future(batcher.answers([0]))
        await until(lambda: network.batches)
        large = asyncio.ensure_future(batcher.answers(range(80)))
        small = asyncio.ensure_future(batcher.answers([1000]))
        await until(lambda: batcher.waiting == 81)
        network.free.set()
        await asyncio.gather(first, large, small)
        assert 1000 in network.batches[1]

    run(scenario)


def test_a_full_queue_refuses_at_once():
    async def scenario(batcher, network):
        network.free.clear()
        running = asyncio.ensure_future(batcher.answers([0]))
        await until(lambda: network.batches)
        waiting = asyncio.ensure_future(batcher.answers(range(9)))
        await until(lambda: batcher.waiting == 9)
        batcher.check()
        with pytest.raises(ProblemError) as caught:
            await batcher.answers([1, 2])
        assert caught.value.kind.status == 503
        assert caught.value.headers["Retry-After"] == "1"
        network.free.set()
        assert len(await waiting) == 9
        await running
        assert await batcher.answers([1, 2]) == [2, 4]

    run(scenario, queue=10)


def test_who_leaves_is_forgotten():
    async def scenario(batcher, network):
        network.free.clear()
        running = asyncio.ensure_future(batcher.answers(["a"]))
        await until(lambda: network.batches)
        gone = asyncio.ensure_future(batcher.answers(["gone"] * 20))
        await until(lambda: batcher.waiting == 20)
        gone.cancel()
        await until(lambda: batcher.waiting == 0)
        network.free.set()
        assert await running == ["aa"]
        assert await batcher.answers(["b"]) == ["bb"]
        assert network.batches == [["a"], ["b"]]

    run(scenario)


def test_a_failed_run_fails_its_requests_and_no_others():
    async def scenario(batcher, network):
        with pytest.raises(RuntimeError, match="the network"):
            await batcher.answers(["bad"])
        assert await batcher.answers(["good"]) == ["goodgood"]

    run(scenario)


def test_closing_finishes_what_waits():
    async def scenario(batcher, network):
        answers = [asyncio.ensure_future(batcher.answers([i])) for i in range(30)]
        await until(lambda: batcher.waiting > 10 or all(answer.done() for answer in answers))
        await asyncio.to_thread(batcher.close)
        assert await asyncio.gather(*answers) == [[2 * i] for i in range(30)]

    run(scenario)


def test_work_is_bounded_and_given_back():
    async def scenario(batcher, network):
        network.free.clear()
        running = asyncio.ensure_future(batcher.answers([0], [10]))
        await until(lambda: network.batches)
        waiting = asyncio.ensure_future(batcher.answers([1, 2], [40, 50]))
        await until(lambda: batcher.waiting == 2)
        with pytest.raises(ProblemError) as caught:
            await batcher.answers([3], [11])
        assert (caught.value.kind.status, caught.value.headers["Retry-After"]) == (503, "1")
        with pytest.raises(ProblemError) as caught:
            await batcher.answers([3], [101])
        assert caught.value.kind.code == "too-many-pixels"
        waiting.cancel()
        await until(lambda: batcher.waiting == 0)
        last = asyncio.ensure_future(batcher.answers([3, 4], [50, 50]))
        network.free.set()
        assert await last == [6, 8]
        await running

    run(scenario, queue_work=100)


def test_a_batch_of_much_work_holds_few_images():
    async def scenario(batcher, network):
        network.free.clear()
        first = asyncio.ensure_future(batcher.answers([0]))
        await until(lambda: network.batches)
        rest = asyncio.ensure_future(batcher.answers(range(1, 8), [90, 20, 10, 40, 300, 1, 1]))
        await until(lambda: batcher.waiting == 7)
        network.free.set()
        await asyncio.gather(first, rest)
        assert network.batches[1:] == [[1], [2, 3, 4], [5], [6, 7]]

    run(scenario, batch_work=100)


def test_a_client_of_heavy_images_holds_up_no_other():
    async def scenario(batcher, network):
        network.free.clear()
        first = asyncio.ensure_future(batcher.answers([0]))
        await until(lambda: network.batches)
        heavy = [asyncio.ensure_future(batcher.answers([f"heavy {i}"] * 20, [100] * 20, "bad")) for i in range(4)]
        light = asyncio.ensure_future(batcher.answers(list(range(20)), [1] * 20, "good"))
        await until(lambda: batcher.waiting == 100)
        network.free.set()
        await asyncio.gather(first, light, *heavy)
        images = [image for batch in network.batches for image in batch]
        last = max(place for place, image in enumerate(images) if image in range(1, 20))
        assert sum(isinstance(image, str) for image in images[:last]) <= 2

    run(scenario, batch_work=100)
