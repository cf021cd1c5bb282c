"""Grad-CAM: which part of an image speaks for a class, by the gradient at a network's last maps."""

import numpy as np
import torch
import torch.nn.functional as F
from captum.attr import LayerGradCam  # type: ignore[import-untyped]
from torch import Tensor

from hemascope.explain.layers import target_layer
from hemascope.explain.members import fitted, members_of, shares
from hemascope.models.network import Network


def grad_cam(
    network: Network, images: np.ndarray, classes: np.ndarray, *, layer: str | None = None, batch_size: int = 32
) -> np.ndarray:
    """Heat maps of images for a class each (Grad-CAM, Selvaraju et al. 2017), by captum.

    The maps of the target layer are summed, each weighted by the mean gradient of the class's logit over it; what is
    negative, and so speaks for other classes, becomes 0. The result is resized to the image (bilinear) and divided by
    its maximum. An ensemble's heat is the mean of its members', each weighted by its share in the ensemble's
    probability of the class, divided by its maximum again.

    Args:
        network: a trained network or an ensemble of such, on any device; left in evaluation mode.
        images: uint8 (n, size, size, 3), framed to the network's input size.
        classes: the class number to explain of each image, int (n,).
        layer: name of the layer to read in place of `hemascope.explain.layers.target_layer`'s choice.
        batch_size: images at a time.

    Returns:
        float32 (n, size, size) in [0, 1], never negative; the maximum of each map is 1, or 0 where nothing at that
        layer speaks for the class: such a map is 0 everywhere.

    Raises:
        ModelFileError: the network has no such layer, or none with maps.

    >>> from hemascope.models.network import create_network
    >>> network = create_network("vanilla_cnn", classes=8, input_size=32, pretrained=False)
    >>> grad_cam(network, np.zeros((2, 32, 32, 3), np.uint8), np.array([0, 7])).shape
    (2, 32, 32)
    """
    network.eval()
    device = next(network.parameters()).device
    explained = _Cam(network, layer)
    found = np.zeros(images.shape[:3], np.float32)
    for start in range(0, len(images), batch_size):
        part = slice(start, start + batch_size)
        pixels = torch.from_numpy(images[part]).to(device).permute(0, 3, 1, 2).float().div(255)
        targets = torch.as_tensor(np.asarray(classes[part], np.int64), device=device)
        found[part] = explained(pixels, targets).cpu().numpy()
    return found


def map_side(network: Network, layer: str | None = None) -> int:
    """Positions along each side of the maps that Grad-CAM reads; the finest of an ensemble's members'."""
    members = members_of(network)
    if not members:
        return target_layer(network, layer).side
    return max(map_side(member.network, layer) for member in members)


class _Cam:
    """The maps of a network whose layers were found once; an ensemble's members have one each."""

    def __init__(self, network: Network, layer: str | None) -> None:
        self.network = network
        self.members = members_of(network)
        self.parts = [_Cam(member.network, layer) for member in self.members]
        if not self.members:
            self.method = LayerGradCam(network, target_layer(network, layer).module)

    def __call__(self, images: Tensor, classes: Tensor) -> Tensor:
        """Float (n, h, w) in [0, 1] of images float (n, 3, h, w) in [0, 1] and class numbers int64 (n,)."""
        images = fitted(self.network, images)
        if self.members:
            weights = shares(self.members, images, classes)
            size = images.shape[2:]
            heats = torch.stack([_resized(part(images, classes), size) for part in self.parts])
            return _to_one((weights[:, :, None, None] * heats).sum(0))
        heat = self.method.attribute(images.requires_grad_(), classes, relu_attributions=True).detach()
        return _to_one(_resized(heat[:, 0].float(), images.shape[2:]))


def _resized(heat: Tensor, size: torch.Size) -> Tensor:
    return heat if heat.shape[1:] == size else F.interpolate(heat[:, None], size, mode="bilinear")[:, 0]


def _to_one(heat: Tensor) -> Tensor:
    highest = heat.amax((1, 2), keepdim=True)
    return torch.where(highest > 0, heat / highest.clamp_min(torch.finfo(heat.dtype).tiny), 0.0)
