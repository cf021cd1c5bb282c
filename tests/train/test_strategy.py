"""What Lightning is told of devices, which it accepts on machines that have none of them."""

import torch
from lightning.pytorch.strategies import DDPStrategy

from hemascope.train.processes import ALONE, Place
from hemascope.train.strategy import where


def test_one_device_needs_no_strategy() -> None:
    assert where(torch.device("cpu"), ALONE) == {"accelerator": "cpu", "devices": 1}
    assert where(torch.device("cuda"), ALONE) == {"accelerator": "gpu", "devices": 1}
    assert where(torch.device("cuda", 3), ALONE) == {"accelerator": "gpu", "devices": [3]}
    assert where(torch.device("mps"), ALONE) == {"accelerator": "mps", "devices": 1}


def test_several_are_told_who_they_are() -> None:
    told = where(torch.device("cuda"), Place(5, 8, 1, 4), find_unused=True)
    assert (told["accelerator"], told["devices"], told["num_nodes"]) == ("gpu", 4, 2)
    assert isinstance(told["strategy"], DDPStrategy)
    (begun,) = told["plugins"]
    assert (begun.global_rank(), begun.world_size(), begun.local_rank(), begun.node_rank()) == (5, 8, 1, 1)
    assert begun.creates_processes_externally
