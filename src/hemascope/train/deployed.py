"""A finished Run's network as one torch module: pictures of any sizes in, calibrated logits out."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hemascope.models.network import Network
from hemascope.predict.classifier import load
from hemascope.train.kinds import open_network
from hemascope.train.run import Run


class Framed(nn.Module):
    """Pictures as they come to what a network is shown: the centred square, resized, in [0, 1].

    What `hemascope.data.framing` does as an ONNX graph, in torch and on the pictures' device; it differs by a grey
    level in under one pixel in a hundred.

    Args:
        size: side of the result in pixels.

    >>> Framed(32)([torch.zeros(3, 50, 40, dtype=torch.uint8), torch.zeros(3, 8, 9, dtype=torch.uint8)]).shape
    torch.Size([2, 3, 32, 32])
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, images: Tensor | Sequence[Tensor]) -> Tensor:
        """Float32 (n, 3, size, size) of uint8 RGB images (n, 3, h, w), or of a list of (3, h, w) of any h and w.

        Raises:
            ValueError: other dtype or shape.
        """
        if isinstance(images, Tensor):
            return self._framed(images)
        return torch.cat([self._framed(image[None]) for image in images])

    def _framed(self, images: Tensor) -> Tensor:
        if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != 3 or 0 in images.shape[2:]:
            raise ValueError(f"images are {images.dtype} {tuple(images.shape)}, not uint8 (n, 3, h, w)")
        height, width = images.shape[2:]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        square = images[:, :, top : top + side, left : left + side].to(torch.float32)
        if side != self.size:
            # Across and then down, rounded to grey levels each time, as the graph and Pillow do.
            for size in ((side, self.size), (self.size, self.size)):
                square = F.interpolate(square, size, mode="bilinear", antialias=True).add_(0.5).floor_()
        return square / 255


class Deployed(nn.Module):
    """The classifier of a Run in torch: `model.onnx` as a module, to go on training, to hook into, to compile.

    Attributes:
        transform: pictures to what the network is shown.
        network: the network, whose ``features`` and ``head`` are its parts.
        temperature: of the calibration; the network's logits are divided by it.
        classes: names of the classes, in the order of the logits.
    """

    temperature: Tensor

    def __init__(self, network: Network, temperature: float, classes: tuple[str, ...]) -> None:
        super().__init__()
        self.transform = Framed(network.description.input_size)
        self.network = network
        self.classes = classes
        self.register_buffer("temperature", torch.tensor(float(temperature)))

    def forward(self, images: Tensor | Sequence[Tensor]) -> Tensor:
        """Calibrated logits, float32 (n, k), of which the softmax is the probabilities; images as of `Framed`."""
        logits: Tensor = self.network(self.transform(images)) / self.temperature
        return logits

    def features(self, images: Tensor | Sequence[Tensor]) -> Tensor:
        """Pooled features, float32 (n, d)."""
        return self.network.features(self.transform(images))


def deployed(run: Run) -> Deployed:
    """The module of a finished Run; see `hemascope.train.run.Run.torch`."""
    network = open_network(run)
    card = load(run.model_file, threads=1, device="cpu").card
    return Deployed(network, card.temperature, card.classes).eval()
