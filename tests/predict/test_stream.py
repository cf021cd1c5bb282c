import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.predict import stream
from hemascope.predict.items import Item
from hemascope.predict.stream import Judgement, classify, classify_few

SIZES = st.tuples(st.integers(1, 4), st.integers(1, 4))


class Brightness:
    """Stands for a Classifier: the "probability" of an image is the value of its pixels."""

    classes = ("value",)
    threads, batch = 3, 8

    def __init__(self):
        self.runs = []

    def judge(self, images, *, attributes=False):
        self.runs.append(len(images))
        if (images == 255).any():
            raise RuntimeError("cannot allocate\nmore lines")
        return Judgement(images[:, 0, 0, :1].astype(np.float32))


def images(values, sizes):
    for i, (value, size) in enumerate(zip(values, sizes, strict=False)):
        yield Item(str(i), np.full((*size, 3), value, np.uint8) if value else b"bad")


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 255), SIZES), max_size=300), st.integers(1, 9), st.integers(1, 4))
def test_every_image_gets_its_own_row_in_order(pictures, batch, threads):
    values = [value for value, _ in pictures]
    network = Brightness()
    blocks = list(classify(network, images(values, [size for _, size in pictures]), batch=batch, threads=threads))
    assert [path for block in blocks for path in block.paths] == [str(i) for i in range(len(values))]
    found = [float(row[0]) for block in blocks for row in block.probabilities]
    errors = [error for block in blocks for error in block.errors]
    for value, answer, error in zip(values, found, errors, strict=True):
        if value in (0, 255):
            assert np.isnan(answer)
            assert ("not a picture" if value == 0 else "the network failed: cannot allocate") in error
        else:
            assert (answer, error) == (value, "")
    assert max(network.runs, default=0) <= batch


def test_a_few_are_classified_in_the_calling_thread_with_the_same_answers():
    some = list(images([3, 0, 255, 9], [(2, 2), (1, 1), (2, 2), (3, 1)]))
    few, (block,) = classify_few(Brightness(), some), list(classify(Brightness(), some, threads=1))
    assert (few.paths, few.errors) == (block.paths, block.errors)
    np.testing.assert_array_equal(few.probabilities, block.probabilities)


def test_images_of_mixed_sizes_still_run_together():
    network = Brightness()
    sizes = [(2, 2), (3, 3), (2, 3)] * 200
    list(classify(network, images([7] * 600, sizes), batch=8, threads=1))
    assert np.mean(network.runs) > 6


def test_large_images_run_in_smaller_batches(monkeypatch):
    monkeypatch.setattr(stream, "_RUN_BYTES", 3 * 10 * 10 * 2)
    network = Brightness()
    list(classify(network, images([7] * 20, [(10, 10)] * 20), batch=8, threads=1))
    assert set(network.runs) == {2}


def test_few_images_are_ahead_of_the_results():
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield Item(str(taken), np.ones((2, 2, 3), np.uint8))

    blocks = classify(Brightness(), endless(), batch=8, threads=2)
    done = 0
    for _ in range(30):
        done += len(next(blocks).paths)
        assert taken - done <= 5 * 64
    blocks.close()


def test_stopping_gives_the_blocks_before_and_no_gap():
    stop = threading.Event()
    network = Brightness()
    paths = []
    for block in classify(network, images([7] * 5000, [(2, 2)] * 5000), threads=2, stop=stop):
        paths += block.paths
        if len(paths) > 500:
            stop.set()
    assert paths == [str(i) for i in range(len(paths))]
    assert 500 < len(paths) < 5000


def test_an_abandoned_run_leaves_no_threads():
    before = threading.active_count()
    blocks = classify(Brightness(), images([7] * 5000, [(2, 2)] * 5000), threads=4)
    next(blocks)
    blocks.close()
    assert threading.active_count() == before


def test_threads_work_at_the_same_time():
    class Slow(Brightness):
        def judge(self, images, *, attributes=False):
            time.sleep(0.02)
            return super().judge(images)

    def seconds(threads):
        start = time.perf_counter()
        list(classify(Slow(), images([7] * 256, [(2, 2)] * 256), batch=8, threads=threads))
        return time.perf_counter() - start

    assert seconds(4) < 0.6 * seconds(1)


def test_no_probability_may_be_nan():
    class Broken(Brightness):
        def judge(self, images, *, attributes=False):
            return Judgement(np.full((len(images), 1), np.nan, np.float32))

    (block,) = classify(Broken(), images([7], [(2, 2)]))
    assert block.errors == ["the network gave no finite probabilities"]


def test_an_error_of_the_source_is_not_swallowed():
    def broken():
        yield from images([7] * 10, [(2, 2)] * 10)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(classify(Brightness(), broken()))
