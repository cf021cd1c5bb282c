"""What lens, light, sensor and file take from an image: the operations that a policy's ``degrade`` is the chance of."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from hemascope.augment.draw import Draw


def defocus(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Spread every point over a disc.

    Args:
        images: float32 (m, 3, h, w).
        amounts: float32 (m,), the disc's radius as share of the shorter side.
        draw: not used; a disc has no direction.

    Returns:
        float32 (m, 3, h, w).
    """
    radius = _pixels(amounts, images).view(-1, 1, 1)
    x, y = _around_centre(math.ceil(float(radius.max())), images.device)
    return _convolved(images, (radius + 0.5 - torch.hypot(x, y)).clamp(0, 1))


def motion(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Spread every point over a line in a random direction.

    Args:
        images: float32 (m, 3, h, w).
        amounts: float32 (m,), the line's length as share of the shorter side.
        draw: for these images.

    Returns:
        float32 (m, 3, h, w).
    """
    length = _pixels(amounts, images).view(-1, 1, 1)
    angle = (math.pi * draw.uniform()).view(-1, 1, 1)
    x, y = _around_centre(math.ceil(float(length.max()) / 2), images.device)
    along = x * torch.cos(angle) + y * torch.sin(angle)
    beside = y * torch.cos(angle) - x * torch.sin(angle)
    return _convolved(images, (length / 2 + 0.5 - along.abs()).clamp(0, 1) * (1 - beside.abs()).clamp(min=0))


def _pixels(amounts: Tensor, images: Tensor) -> Tensor:
    # Half a pixel or less is no blur, and then the centre alone has weight.
    return amounts * min(images.shape[2:])


def _around_centre(radius: int, device: torch.device) -> tuple[Tensor, Tensor]:
    steps = torch.arange(-radius, radius + 1, device=device, dtype=torch.float32)
    return steps.view(1, 1, -1), steps.view(1, -1, 1)


def _convolved(images: Tensor, kernels: Tensor) -> Tensor:
    """Each image by its own kernel (m, k, k), k odd; weights need not sum to 1."""
    m, channels, height, width = images.shape
    kernels = kernels / kernels.sum(dim=(1, 2), keepdim=True)
    weight = kernels.repeat_interleave(channels, dim=0).unsqueeze(1)
    # As replicated borders bear any radius; reflected ones must be smaller than the image.
    edge = kernels.shape[-1] // 2
    padded = F.pad(images, (edge, edge, edge, edge), mode="replicate").view(1, m * channels, *_grown(images, edge))
    return F.conv2d(padded, weight, groups=m * channels).view(m, channels, height, width)


def _grown(images: Tensor, edge: int) -> tuple[int, int]:
    return images.shape[2] + 2 * edge, images.shape[3] + 2 * edge


def vignette(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Darken with the square of the distance from a point within the middle half of the image.

    Args:
        images: float32 (m, 3, h, w).
        amounts: float32 (m,), share of the light that the corners lose on the average over the point's places.
        draw: for these images.

    Returns:
        float32 (m, 3, h, w), nowhere below 0.
    """
    height, width = images.shape[2:]
    centre = draw.uniform(2) - 0.5
    x = torch.linspace(-1, 1, width, device=images.device) - centre[:, :1]
    y = torch.linspace(-1, 1, height, device=images.device) - centre[:, 1:]
    lost = (amounts / 2).view(-1, 1, 1) * (x.square()[:, None, :] + y.square()[:, :, None])
    return images * (1 - lost).clamp(min=0).unsqueeze(1)


def solarise(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Invert what is bright.

    Args:
        images: float32 (m, 3, h, w) in [0, 1].
        amounts: float32 (m,), share of the scale that is inverted: values above 1 - this.
        draw: not used.

    Returns:
        float32 (m, 3, h, w) in [0, 1].
    """
    return torch.where(images > 1 - amounts.view(-1, 1, 1, 1), 1 - images, images)


def posterise(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Round to few levels, even from black to white.

    Args:
        images: float32 (m, 3, h, w) in [0, 1].
        amounts: float32 (m,), how many of 8 bits are taken away; of 256 levels, 256 / 2^this are left, at least 2.
        draw: not used.

    Returns:
        float32 (m, 3, h, w) in [0, 1].
    """
    steps = (2 ** (8 - amounts)).round().clamp(min=2).view(-1, 1, 1, 1) - 1
    return (images * steps).round_() / steps


def gaussian_noise(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Add normal noise.

    Args:
        images: float32 (m, 3, h, w) in [0, 1].
        amounts: float32 (m,), standard deviation.
        draw: for these images.

    Returns:
        float32 (m, 3, h, w) in [0, 1].
    """
    return torch.addcmul(images, _spread(amounts), draw.normal(*images.shape)).clamp_(0, 1)


def shot(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Photon noise: its variance is proportional to the light. The Poisson law's normal limit, which keeps the mean.

    Args:
        images: float32 (m, 3, h, w) in [0, 1].
        amounts: float32 (m,), standard deviation at white; 0.1 is a full well of 100 photons.
        draw: for these images.

    Returns:
        float32 (m, 3, h, w) in [0, 1].
    """
    return torch.addcmul(images, images.sqrt() * _spread(amounts), draw.normal(*images.shape)).clamp_(0, 1)


def salt(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Salt and pepper: some pixels, all channels of them, white or black with equal chance.

    Args:
        images: float32 (m, 3, h, w).
        amounts: float32 (m,), share of the pixels.
        draw: for these images.

    Returns:
        float32 (m, 3, h, w).
    """
    place = draw.pixels(len(images), 1, *images.shape[2:])
    share = _spread(amounts)
    # Scattered choices by torch.where cost 30 times as much as a product.
    return (images * (place >= share).float()).add_((place < share / 2).float())


def _spread(amounts: Tensor) -> Tensor:
    return amounts.view(-1, 1, 1, 1)


# ITU-T T.81, Annex K: steps of quantisation at quality 50.
_LUMA = """16 11 10 16 24 40 51 61  12 12 14 19 26 58 60 55  14 13 16 24 40 57 69 56  14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77  24 35 55 64 81 104 113 92  49 64 78 87 103 121 120 101  72 92 95 98 112 100 103 99"""
_CHROMA = """17 18 24 47 99 99 99 99  18 21 26 66 99 99 99 99  24 26 56 99 99 99 99 99  47 66 99 99 99 99 99 99
99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99"""
# JFIF: full-range YCbCr of ITU-R BT.601.
_YCBCR = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


def jpeg(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Quantise the cosine transform of 8 x 8 blocks, colours at half resolution: JPEG without the file.

    Args:
        images: float32 (m, 3, h, w) in [0, 1].
        amounts: float32 (m,), 1 - quality / 100; quality as in libjpeg, at least 1.
        draw: not used.

    Returns:
        float32 (m, 3, h, w) in [0, 1].
    """
    height, width = images.shape[2:]
    padded = F.pad(images, (0, -width % 16, 0, -height % 16), mode="replicate")
    mix = torch.tensor(_YCBCR, device=images.device)
    ycc = torch.matmul(mix, 255 * padded.flatten(2)).view_as(padded)
    luma = _quantised(ycc[:, :1] - 128, _steps(_LUMA, amounts)) + 128
    chroma = _quantised(F.avg_pool2d(ycc[:, 1:], 2), _steps(_CHROMA, amounts))
    whole = torch.cat([luma, F.interpolate(chroma, scale_factor=2, mode="bilinear")], dim=1)
    rgb = torch.matmul(torch.linalg.inv(mix) / 255, whole.flatten(2)).view_as(padded)
    return rgb[:, :, :height, :width].clamp(0, 1)


def _steps(table: str, amounts: Tensor) -> Tensor:
    """Steps of quantisation (m, 1, 64) by libjpeg's scale of quality."""
    quality = (100 * (1 - amounts)).clamp(1, 100)
    percent = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality).view(-1, 1, 1)
    base = torch.tensor([int(step) for step in table.split()], device=amounts.device)
    return ((base * percent + 50) / 100).floor_().clamp_(1, 255)


def _quantised(planes: Tensor, steps: Tensor) -> Tensor:
    """Planes (m, c, h, w), sides multiples of 8, after a round trip through rounded cosine coefficients."""
    m, c, height, width = planes.shape
    blocks = planes.reshape(m, c, height // 8, 8, width // 8, 8).transpose(3, 4).reshape(m, -1, 64)
    cosines = _cosines(planes.device)
    waves = torch.kron(cosines, cosines)  # both directions at once: one product is faster than many small ones
    rounded = (blocks @ waves.T / steps).round_() * steps
    return (rounded @ waves).view(m, c, height // 8, width // 8, 8, 8).transpose(3, 4).reshape(m, c, height, width)


def _cosines(device: torch.device) -> Tensor:
    """The orthonormal cosine transform of 8 values, (8, 8)."""
    frequency = torch.arange(8, device=device, dtype=torch.float32).view(-1, 1)
    rows = torch.cos(math.pi / 8 * (torch.arange(8, device=device) + 0.5) * frequency) / 2
    rows[0] /= math.sqrt(2)
    return rows


def pixelate(images: Tensor, amounts: Tensor, draw: Draw) -> Tensor:
    """Shrink by averaging areas, and enlarge again, to square blocks or bilinearly with equal chance.

    Args:
        images: float32 (m, 3, h, w).
        amounts: float32 (m,), share that each side loses before it is enlarged again.
        draw: for these images.

    Returns:
        float32 (m, 3, h, w).
    """
    blocks = draw.chance(0.5).view(-1, 1, 1)
    height, width = images.shape[2:]
    down = _there_and_back(height, amounts.view(-1, 1, 1), blocks).unsqueeze(1)
    across = down if width == height else _there_and_back(width, amounts.view(-1, 1, 1), blocks).unsqueeze(1)
    return down @ images @ across.transpose(2, 3)


def _there_and_back(side: int, amounts: Tensor, blocks: Tensor) -> Tensor:
    """Weight of every pixel of a side in every pixel of the result, (m, side, side)."""
    small = (side * (1 - amounts)).round().clamp(min=1)
    most = int(small.max())
    cell = torch.arange(most, device=amounts.device, dtype=torch.float32)
    place = torch.arange(side, device=amounts.device, dtype=torch.float32)
    ratio = side / small
    low, high = cell.view(-1, 1) * ratio, (cell.view(-1, 1) + 1) * ratio
    shrink = (torch.minimum(high, place + 1) - torch.maximum(low, place)).clamp(min=0) / ratio
    seen = (place.view(-1, 1) + 0.5) / ratio - 0.5
    bilinear = (1 - (torch.minimum(seen.clamp(min=0), small - 1) - cell).abs()).clamp(min=0)
    nearest = ((seen + 0.5).floor() == cell).to(bilinear.dtype)
    return torch.where(blocks, nearest, bilinear) @ shrink
