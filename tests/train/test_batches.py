import numpy as np
import torch

from hemascope.train.batches import ShuffledBatches, evaluation_batches, training_batches


def test_order_depends_on_seed_and_epoch_alone() -> None:
    batches = ShuffledBatches(10, 3, seed=1)
    first = list(batches)
    assert list(batches) == first
    assert len(first) == len(batches) == 3
    assert len({position for batch in first for position in batch}) == 9
    batches.set_epoch(1)
    assert list(batches) != first
    assert list(ShuffledBatches(10, 3, seed=2)) != first


def test_evaluation_gives_every_image_once_in_order() -> None:
    images = np.arange(5 * 2 * 2 * 3, dtype=np.uint8).reshape(5, 2, 2, 3)
    got = list(evaluation_batches(images, np.arange(5), batch_size=2))
    assert [len(targets) for _, targets in got] == [2, 2, 1]
    assert torch.equal(torch.cat([batch for batch, _ in got]).permute(0, 2, 3, 1), torch.from_numpy(images))


def test_a_set_smaller_than_a_batch_is_one_batch() -> None:
    images = np.zeros((5, 2, 2, 3), np.uint8)
    assert [len(targets) for _, targets in training_batches(images, np.arange(5), 64, 0)] == [5]
