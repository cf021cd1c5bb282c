"""Where to train, how precisely, and how many images at a time."""

import copy
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import psutil
import torch
import torch.nn.functional as F

from hemascope.errors import DeviceError, RecipeError, did_you_mean
from hemascope.models.network import Network
from hemascope.predict.devices import VARIABLE
from hemascope.train.recipe import Recipe

LARGEST_BATCH = 256  # beyond it the challenge's networks gained no accuracy
_PROBE = 16


DEVICES = ("auto", "cpu", "cuda", "mps")
"""Where PyTorch runs; ``mps`` is a Mac's GPU, ``cuda:1`` the second of several GPUs."""

_WANTED: ContextVar[str] = ContextVar("device", default="")


@contextmanager
def on_device(name: str | None) -> Iterator[torch.device]:
    """While it lasts, `choose_device` gives this device.

    Args:
        name: of ``DEVICES``, or ``cuda:1``; where not given, as without it.

    Yields:
        the device.

    Raises:
        DeviceError: there is no such device, or not here.

    >>> with on_device("cpu") as device:
    ...     device.type, choose_device().type
    ('cpu', 'cpu')
    """
    device = _found(name) if name else choose_device()
    token = _WANTED.set(name or _WANTED.get())
    try:
        yield device
    finally:
        _WANTED.reset(token)


def choose_device() -> torch.device:
    """The device that `on_device` or the environment variable HEMASCOPE_DEVICE names, else the best one at hand.

    Raises:
        DeviceError: it is not here.
    """
    name = _WANTED.get()
    if not name:
        name = os.environ.get(VARIABLE, "")
        if name.partition(":")[0] not in DEVICES:  # some that the variable may name run model files alone
            name = "auto"
    return _found(name)


def _found(name: str) -> torch.device:
    kind, colon, number = name.partition(":")
    if kind not in DEVICES or (colon and not (kind == "cuda" and number.isdecimal())):
        raise DeviceError(
            f"{name!r} is no device that networks are trained on",
            f"Give one of {', '.join(DEVICES)}; of several GPUs one by its number, as cuda:1."
            f"{did_you_mean(kind, DEVICES)}",
        )
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    there = {"cuda": count > 0, "mps": torch.backends.mps.is_available()}
    if kind == "auto":
        kind = next((other for other, found in there.items() if found), "cpu")
    elif not there.get(kind, True) or (number and int(number) >= count):
        here = ["cpu", *(f"cuda:{i}" for i in range(count)), *(["mps"] if there["mps"] else [])]
        raise DeviceError(
            f"{name}: PyTorch sees no such device here; it has {', '.join(here)}",
            "Install a driver and a PyTorch for it, or leave the choice to --device auto.",
        )
    return torch.device(kind, int(number)) if number else torch.device(kind)


def use_bfloat16(precision: str, device: torch.device) -> bool:
    """Whether to train in bfloat16 autocast.

    ``auto`` means: where the hardware multiplies bfloat16 natively. Elsewhere it is emulated and slower.
    """
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()


def resolve_batch_size(recipe: Recipe, network: Network, device: torch.device, images: int, devices: int = 1) -> int:
    """The recipe's batch size; for ``auto`` the largest power of two that fits and leaves 8 steps an epoch.

    Args:
        recipe: its ``batch_size``.
        network: what a step trains; it is left as it is.
        device: where it will train.
        images: size of the training part.
        devices: that a batch is divided among.

    Raises:
        RecipeError: fewer than two images to train on, a batch that leaves a device none, or not even the smallest
            batch fits.
    """
    if images < 2:
        raise RecipeError(f"{images} images to train on are too few", "Give at least two, better hundreds a class.")
    if recipe.batch_size != "auto":
        size = min(recipe.batch_size, images)
        check_batch(size, devices)
        return size
    size = LARGEST_BATCH
    while size > max(_PROBE, devices) and size > images / 8:
        size //= 2
    probe = copy.deepcopy(network)  # a step would move BatchNorm's statistics
    while not _fits(probe, device, -(-size // devices), recipe.input_size):
        size //= 2
        if size < max(2, devices):
            raise RecipeError(
                f"not even two images of {recipe.input_size} pixels fit into memory with {recipe.network}",
                "Lower input_size or choose a smaller network.",
            )
    return max(min(size, images), devices)


def check_batch(size: int, devices: int) -> None:
    """Raise a RecipeError for a batch that leaves one of the devices without an image."""
    if size < devices:
        raise RecipeError(
            f"a batch of {size} images leaves some of {devices} devices none",
            "Raise batch_size, or take fewer devices.",
        )


def _fits(network: Network, device: torch.device, size: int, input_size: int) -> bool:
    if device.type == "cpu":
        # A CPU's system would swap or kill rather than refuse, so the need is projected from a small step.
        process = psutil.Process()
        before = process.memory_info().rss
        few = max(2, min(_PROBE, size))  # of one image alone there is no spread for BatchNorm
        kept = _step(network, device, few, input_size)
        need = max(process.memory_info().rss - before, 0) * size / few
        del kept
        network.zero_grad(set_to_none=True)
        return need < 0.5 * psutil.virtual_memory().available
    try:
        _step(network, device, size, input_size).backward()
    except torch.OutOfMemoryError:
        return False
    finally:
        network.zero_grad(set_to_none=True)
        if device.type == "cuda":
            torch.cuda.empty_cache()
    return True


def _step(network: Network, device: torch.device, size: int, input_size: int) -> torch.Tensor:
    network.to(device).train()
    images = torch.rand(size, 3, input_size, input_size, device=device)
    logits = network(images)
    return F.cross_entropy(logits, torch.zeros(size, dtype=torch.int64, device=device))
