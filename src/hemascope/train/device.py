"""Where to train, how precisely, and how many images at a time."""

import copy

import psutil
import torch
import torch.nn.functional as F

from hemascope.errors import RecipeError
from hemascope.models.network import Network
from hemascope.train.recipe import Recipe

LARGEST_BATCH = 256  # beyond it the challenge's networks gained no accuracy
_PROBE = 16


def choose_device() -> torch.device:
    """The best accelerator at hand, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def use_bfloat16(precision: str, device: torch.device) -> bool:
    """Whether to train in bfloat16 autocast.

    ``auto`` means: where the hardware multiplies bfloat16 natively. Elsewhere it is emulated and slower.
    """
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()


def resolve_batch_size(recipe: Recipe, network: Network, device: torch.device, images: int) -> int:
    """The recipe's batch size; for ``auto`` the largest power of two that fits and leaves 8 steps an epoch.

    Args:
        recipe: its ``batch_size``.
        network: what a step trains; it is left as it is.
        device: where it will train.
        images: size of the training part.

    Raises:
        RecipeError: fewer than two images to train on, or not even the smallest batch fits.
    """
    if images < 2:
        raise RecipeError(f"{images} images to train on are too few", "Give at least two, better hundreds a class.")
    if recipe.batch_size != "auto":
        return min(recipe.batch_size, images)
    size = LARGEST_BATCH
    while size > _PROBE and size > images / 8:
        size //= 2
    probe = copy.deepcopy(network)  # a step would move BatchNorm's statistics
    while not _fits(probe, device, size, recipe.input_size):
        size //= 2
        if size < 2:
            raise RecipeError(
                f"not even two images of {recipe.input_size} pixels fit into memory with {recipe.network}",
                "Lower input_size or choose a smaller network.",
            )
    return min(size, images)


def _fits(network: Network, device: torch.device, size: int, input_size: int) -> bool:
    if device.type == "cpu":
        # A CPU's system would swap or kill rather than refuse, so the need is projected from a small step.
        process = psutil.Process()
        before = process.memory_info().rss
        kept = _step(network, device, min(_PROBE, size), input_size)
        need = max(process.memory_info().rss - before, 0) * size / min(_PROBE, size)
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
