import numpy as np
import pytest
import torch

from hemascope.train.batches import ShuffledBatches, evaluation_batches, training_batches
from hemascope.train.recipe import Balance

UNIFORM, AUGMENT_RARE = Balance(name="uniform"), Balance(name="augment_rare")
RARE = np.repeat([0, 1, 2], [60, 30, 10])


@pytest.mark.parametrize("balance", [Balance(), UNIFORM, Balance(name="weighted_loss")])
def test_order_depends_on_seed_and_epoch_alone(balance: Balance) -> None:
    batches = ShuffledBatches(RARE, 30, seed=1, balance=balance)
    first = list(batches)
    assert list(batches) == first
    assert [len(batch.positions) for batch in first] == [30] * len(batches) == [30] * 3
    batches.set_epoch(1)
    assert list(batches) != first
    assert list(ShuffledBatches(RARE, 30, seed=2, balance=balance)) != first


@pytest.mark.parametrize("balance", [Balance(), Balance(name="weighted_loss"), Balance(name="uniform", strength=0)])
def test_without_resampling_no_image_comes_twice(balance: Balance) -> None:
    drawn = list(ShuffledBatches(RARE, 30, seed=1, balance=balance))
    assert drawn == list(ShuffledBatches(RARE, 30, seed=1))
    assert len({position for batch in drawn for position in batch.positions}) == 90
    assert not any(any(batch.extra) for batch in drawn)


@pytest.mark.parametrize("balance", [UNIFORM, AUGMENT_RARE])
def test_balanced_batches_draw_every_class_equally_often(balance: Balance) -> None:
    batches = training_batches(np.zeros((100, 2, 2, 3), np.uint8), RARE, 30, 1, balance)
    targets, extra, _ = (torch.cat(parts) for parts in list(zip(*batches, strict=True))[1:])
    assert torch.bincount(targets).tolist() == [30, 30, 30]
    assert torch.bincount(targets[extra], minlength=3).tolist() == [0, 0, 20]


def test_evaluation_gives_every_image_once_in_order() -> None:
    images = np.arange(5 * 2 * 2 * 3, dtype=np.uint8).reshape(5, 2, 2, 3)
    got = list(evaluation_batches(images, np.arange(5), batch_size=2))
    assert [len(targets) for _, targets in got] == [2, 2, 1]
    assert torch.equal(torch.cat([batch for batch, _ in got]).permute(0, 2, 3, 1), torch.from_numpy(images))


def test_a_set_smaller_than_a_batch_is_one_batch() -> None:
    images = np.zeros((5, 2, 2, 3), np.uint8)
    assert [len(targets) for _, targets, *_ in training_batches(images, np.arange(5), 64, 0)] == [5]
