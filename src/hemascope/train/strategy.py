"""What Lightning is told of the device, and of the processes that share a training."""

from typing import Any

import torch
from lightning.fabric.plugins.environments import ClusterEnvironment
from lightning.pytorch.strategies import DDPStrategy

from hemascope.train.processes import Place


def where(device: torch.device, place: Place, *, find_unused: bool = False) -> dict[str, Any]:
    """The arguments of a `lightning.Trainer` that say where it runs; of several processes by its DDP.

    Args:
        device: of `hemascope.train.device.choose_device`.
        place: of this process; where it is one of several, they have come together already.
        find_unused: some weights that learn get no gradient in some epochs.
    """
    accelerator = "gpu" if device.type == "cuda" else device.type
    if place.size == 1:
        return {"accelerator": accelerator, "devices": 1 if device.index is None else [device.index]}
    # BatchNorm's statistics, the only buffers that change, are the same everywhere: the layers see to it.
    strategy = DDPStrategy(broadcast_buffers=False, find_unused_parameters=find_unused)
    return {
        "accelerator": accelerator,
        "devices": place.local_size,
        "num_nodes": place.size // place.local_size,
        "strategy": strategy,
        "plugins": [_Begun(place)],
    }


class _Begun(ClusterEnvironment):
    """Processes that run already and are connected."""

    main_address, main_port = "", 0  # not asked for

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place

    @property
    def creates_processes_externally(self) -> bool:
        """Lightning need not begin any."""
        return True

    @staticmethod
    def detect() -> bool:
        """It is given, not looked for."""
        return False

    def world_size(self) -> int:
        """How many there are."""
        return self.place.size

    def set_world_size(self, size: int) -> None:
        """It is known."""

    def global_rank(self) -> int:
        """Number of this one among all."""
        return self.place.rank

    def set_global_rank(self, rank: int) -> None:
        """It is known."""

    def local_rank(self) -> int:
        """Number of this one on its machine."""
        return self.place.local_rank

    def node_rank(self) -> int:
        """Number of its machine."""
        return self.place.rank // self.place.local_size
