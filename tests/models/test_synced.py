"""Synchronised BatchNorm of one process is torch's own; of two, see tests/train/test_devices.py."""

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from timm.layers import BatchNormAct2d
from torch import Tensor, nn

from hemascope.models.synced import synchronised


@pytest.fixture(autouse=True)
def group(tmp_path: Path) -> Iterator[None]:
    dist.init_process_group("gloo", store=dist.FileStore(str(tmp_path / "store"), 1), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 8, 3), BatchNormAct2d(8), nn.Conv2d(8, 4, 3), nn.BatchNorm2d(4, momentum=None)
    return nn.Sequential(*layers, nn.Flatten(), nn.BatchNorm1d(64), nn.Linear(64, 3))


def images() -> Tensor:
    return 5 + 3 * torch.randn(7, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def learn(layers: nn.Module) -> Tensor:
    loss = layers(images().contiguous(memory_format=torch.channels_last)).float().square().mean()
    loss.backward()
    return loss


def test_results_gradients_and_statistics_are_torchs() -> None:
    plain = network()
    synced = copy.deepcopy(plain)
    kinds = [type(layer) for layer in synced]
    with synchronised(synced):
        assert [type(layer) for layer in synced] != kinds
        synced_loss = learn(synced)
    assert [type(layer) for layer in synced] == kinds
    torch.testing.assert_close(synced_loss, learn(plain))
    for (name, one), (_, other) in zip(plain.named_parameters(), synced.named_parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad, rtol=1e-4, atol=1e-5, msg=name)
    for (name, one), (_, other) in zip(plain.named_buffers(), synced.named_buffers(), strict=True):
        torch.testing.assert_close(other, one, msg=name)


def test_in_evaluation_nothing_is_synchronised() -> None:
    layers = network().eval()
    expected = layers(images())
    with synchronised(layers):
        assert torch.equal(layers(images()), expected)


def test_bfloat16_learns_too() -> None:
    plain = network()
    synced = copy.deepcopy(plain)
    with torch.autocast("cpu", torch.bfloat16):
        with synchronised(synced):
            loss = learn(synced)
        torch.testing.assert_close(loss, learn(plain), rtol=2e-2, atol=2e-2)
    for (name, one), (_, other) in zip(plain.named_parameters(), synced.named_parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad, rtol=0.1, atol=0.05, msg=name)
