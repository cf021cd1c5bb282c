"""The corruptions of the shift suite, family by family, and the random mixture of them."""

import io
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from hemascope.evaluate.shift.corruption import Apply, Corruption, length, sign, to_uint8

DEFOCUS_RADIUS = (2, 3, 4, 5, 6)
MOTION = ((3, 3), (5, 5), (10, 5), (10, 7), (10, 9))
"""Radius and standard deviation in pixels at 224."""
SHARPENING = (100, 200, 300, 450, 600)
"""Percent of the detail that is added."""


def defocus_blur(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Mean over a disc: the image of a point out of focus.

    MedMNIST-C softens the disc's rim with a 3 x 3 Gaussian of standard deviation <= 0.1 pixels, which changes nothing.
    """
    radius = length(DEFOCUS_RADIUS[severity - 1], image)
    reach = int(radius)
    height, width = image.shape[:2]
    padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), "reflect")
    # A disc is a stack of rows, and a sum along a row is the difference of two running sums.
    running = np.pad(np.cumsum(padded, axis=1, dtype=np.int32), ((0, 0), (1, 0), (0, 0)))
    total, area = np.zeros(image.shape, np.int32), 0
    for dy in range(-reach, reach + 1):
        half = int(math.sqrt(radius**2 - dy**2))
        rows = running[reach + dy : reach + dy + height]
        total += rows[:, reach + half + 1 : reach + half + 1 + width] - rows[:, reach - half : reach - half + width]
        area += 2 * half + 1
    return to_uint8(total / area)


def motion_blur(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """A trail that fades as one half of a Gaussian, at an angle of -45 to 45 degrees, as ImageMagick draws it."""
    radius, deviation = (length(pixels, image) for pixels in MOTION[severity - 1])
    taps = 2 * math.ceil(radius) + 1
    angle = math.radians(generator.uniform(-45, 45))
    weights = np.exp(-(np.arange(taps) ** 2) / (2 * deviation**2), dtype=np.float32)
    weights /= weights.sum()
    height, width = image.shape[:2]
    padded = np.pad(image.astype(np.float32), ((taps, taps), (0, taps), (0, 0)), "edge")
    blurred = np.zeros(image.shape, np.float32)
    for i, weight in enumerate(weights):
        top, left = taps + round(i * math.sin(angle)), round(i * math.cos(angle))
        blurred += weight * padded[top : top + height, left : left + width]
    return to_uint8(blurred)


def sharpen(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """An unsharp mask, as cameras apply it."""
    mask = ImageFilter.UnsharpMask(length(2.0, image), SHARPENING[severity - 1], 0)
    return np.asarray(Image.fromarray(image).filter(mask))


SATURATE = (0.05, 0.10, 0.15, 0.17, 0.20)
"""Added to the saturation, 0 .. 1."""
HUE = (6, 12, 20, 30, 45)
"""Degrees, to either side."""
CHANNEL_SHIFT = (8, 16, 24, 34, 46)
"""Grey levels."""
STAIN_SHIFT = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Change of each stain's amount: 0.3 makes it 0.7 or 1.3 times as strong."""

_STAINS = np.array([[0.650, 0.704, 0.286], [0.072, 0.990, 0.105], [0.268, 0.570, 0.776]])
"""Optical densities (rows haematoxylin, eosin, DAB; columns red, green, blue) of Ruifrok and Johnston 2001."""


def saturate(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Add 0.05 to 0.20 to the saturation of HSV; hue and value stay. Grey has the hue of red."""
    values = image.astype(np.float32)
    brightest = values.max(axis=2, keepdims=True)
    depth = brightest - values
    deepest = depth.max(axis=2, keepdims=True)
    saturation = deepest / np.maximum(brightest, 1)
    direction = np.where(deepest > 0, depth / np.maximum(deepest, 1), np.array([0, 1, 1], np.float32))
    return to_uint8(brightest * (1 - np.minimum(saturation + SATURATE[severity - 1], 1) * direction))


def hue(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Turn the hue of HSV by 6 to 45 degrees to either side."""
    step = sign(generator) * round(HUE[severity - 1] * 256 / 360)
    hsv = np.array(Image.fromarray(image).convert("HSV"))
    hsv[..., 0] += np.uint8(step % 256)
    return np.asarray(Image.fromarray(hsv, "HSV").convert("RGB"))


def channel_shift(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Raise one channel by 8 to 46 grey levels, lower another by as many, and leave the third."""
    return to_uint8(image + generator.permutation([1.0, 0.0, -1.0]) * CHANNEL_SHIFT[severity - 1])


def stain_shift(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Change the amount of each of three stains by 10 to 50%, up or down (Tellez et al. 2018)."""
    factors = [1 + sign(generator) * STAIN_SHIFT[severity - 1] for _ in range(3)]
    stains = _STAINS / np.linalg.norm(_STAINS, axis=1, keepdims=True)
    change = np.linalg.inv(stains) @ np.diag(factors) @ stains
    density = -np.log((np.arange(256, dtype=np.float32) + 1) / 256)[image]
    return to_uint8(256 * np.exp(-density @ change.astype(np.float32)) - 1)


PIXELATE_SHARE = (0.6, 0.5, 0.4, 0.3, 0.25)
JPEG_QUALITY = (50, 30, 15, 10, 7)
DOWNSCALE_SIDE = (112, 80, 56, 40, 28)
"""In pixels, whatever the image's side: the last is BloodMNIST's."""


def pixelate(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Shrink to a share of the side and enlarge again, both with a box filter."""
    share = PIXELATE_SHARE[severity - 1]
    height, width = image.shape[:2]
    small = (max(1, int(width * share)), max(1, int(height * share)))
    picture = Image.fromarray(image).resize(small, Image.Resampling.BOX)
    return np.asarray(picture.resize((width, height), Image.Resampling.BOX))


def jpeg_compression(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Compress as a JPEG of low quality."""
    written = io.BytesIO()
    Image.fromarray(image).save(written, "JPEG", quality=JPEG_QUALITY[severity - 1])
    return np.asarray(Image.open(written).convert("RGB"))


def downscale(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Shrink the shorter side to 112, 80, 56, 40 or 28 pixels with a cubic filter, and enlarge again."""
    height, width = image.shape[:2]
    share = min(1.0, DOWNSCALE_SIDE[severity - 1] / min(height, width))
    small = (max(1, round(width * share)), max(1, round(height * share)))
    picture = Image.fromarray(image).resize(small, Image.Resampling.BICUBIC)
    return np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))


ZOOM_OUT = (0.9, 0.8, 0.7, 0.6, 0.5)
"""Share of the side that the picture still fills."""
SHIFT = (0.05, 0.10, 0.15, 0.20, 0.25)
"""Share of the side."""
ROTATION = (9, 18, 27, 36, 45)
"""Degrees, to either side; a larger angle is one of these after quarter turns, which lose nothing of a square."""

FILLS = (0, 128, 255)


def zoom_out(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Shrink the picture to 0.9 to 0.5 of its side, centred in a border of black, grey or white."""
    share = ZOOM_OUT[severity - 1]
    height, width = image.shape[:2]
    small = (max(1, round(width * share)), max(1, round(height * share)))
    border = Image.new("RGB", (width, height), _fill(generator))
    shrunk = Image.fromarray(image).resize(small, Image.Resampling.BILINEAR)
    border.paste(shrunk, ((width - small[0]) // 2, (height - small[1]) // 2))
    return np.asarray(border)


def shift(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Move the picture by 5 to 25% of its side in any direction."""
    distance = SHIFT[severity - 1] * min(image.shape[:2])
    angle = generator.uniform(0, 2 * math.pi)
    moved = (1, 0, distance * math.cos(angle), 0, 1, distance * math.sin(angle))
    picture = Image.fromarray(image)
    return np.asarray(
        picture.transform(
            picture.size, Image.Transform.AFFINE, moved, Image.Resampling.BILINEAR, fillcolor=_fill(generator)
        )
    )


def rotation(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Turn the picture by 9 to 45 degrees to either side."""
    angle = sign(generator) * ROTATION[severity - 1]
    return np.asarray(Image.fromarray(image).rotate(angle, Image.Resampling.BILINEAR, fillcolor=_fill(generator)))


def _fill(generator: np.random.Generator) -> tuple[int, int, int]:
    grey = int(generator.choice(FILLS))
    return grey, grey, grey


BRIGHTNESS_UP = (1.1, 1.2, 1.3, 1.35, 1.4)
BRIGHTNESS_DOWN = (0.9, 0.8, 0.7, 0.6, 0.5)
CONTRAST_UP = (1.1, 1.15, 1.2, 1.25, 1.3)
CONTRAST_DOWN = (0.9, 0.8, 0.7, 0.6, 0.5)
GAMMA = (1.15, 1.3, 1.5, 1.75, 2.0)
"""Exponent, or one over it."""
VIGNETTING = (0.2, 0.35, 0.5, 0.65, 0.8)
"""Share of the light that is lost in the corners."""


def brightness_up(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Multiply every grey level by 1.1 to 1.4."""
    return _brightness(image, BRIGHTNESS_UP[severity - 1])


def brightness_down(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Multiply every grey level by 0.9 to 0.5."""
    return _brightness(image, BRIGHTNESS_DOWN[severity - 1])


def contrast_up(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Stretch the distances to the image's mean grey by 1.1 to 1.3."""
    return _contrast(image, CONTRAST_UP[severity - 1])


def contrast_down(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Shrink the distances to the image's mean grey to 0.9 to 0.5."""
    return _contrast(image, CONTRAST_DOWN[severity - 1])


def gamma(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Raise the light, 0 .. 1, to a power of 1.15 to 2, or to one over it."""
    exponent = GAMMA[severity - 1] ** sign(generator)
    return to_uint8(255 * (np.arange(256) / 255) ** exponent)[image]


def vignetting(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Darken with the square of the distance from the centre."""
    height, width = image.shape[:2]
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None]
    light = 1 - VIGNETTING[severity - 1] * (y**2 + x**2) / 2
    return to_uint8(image * light[..., None].astype(np.float32))


def _brightness(image: np.ndarray, factor: float) -> np.ndarray:
    return np.asarray(ImageEnhance.Brightness(Image.fromarray(image)).enhance(factor))


def _contrast(image: np.ndarray, factor: float) -> np.ndarray:
    return np.asarray(ImageEnhance.Contrast(Image.fromarray(image)).enhance(factor))


GAUSSIAN = (0.04, 0.08, 0.12, 0.18, 0.26)
"""Standard deviation; white is 1."""
PHOTONS = (60, 25, 18, 10, 5)
"""Mean number of photons that make white."""
SALT_PEPPER = (0.01, 0.03, 0.06, 0.09, 0.17)
"""Share of the values that are lost."""


def gaussian_noise(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Add normal noise to every value."""
    return to_uint8(image + 255 * GAUSSIAN[severity - 1] * generator.standard_normal(image.shape, np.float32))


def shot_noise(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Count photons: a Poisson number at every value."""
    white = PHOTONS[severity - 1]
    return to_uint8(generator.poisson(image * (white / 255)) * (255 / white))


def salt_pepper(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Set a share of the values to black or white, half of them each."""
    share = SALT_PEPPER[severity - 1]
    chance = generator.random(image.shape, np.float32)
    return np.where(chance < share / 2, 0, np.where(chance > 1 - share / 2, 255, image)).astype(np.uint8)


DEPOSITS = (1, 2, 3, 3, 3)
"""At most so many marks."""
DEPOSIT_RADIUS = ((8, 16), (8, 16), (8, 16), (8, 16), (12, 22))
"""Smallest and largest mean radius in pixels at 224."""
BUBBLES = ((5, 10), (7, 10), (10, 10), (12, 12), (15, 12))
"""Largest radius in pixels at 224, and largest number."""

_MARGIN = 10
_FEWEST_BUBBLES, _SMALLEST_BUBBLE, _RIM = 7, 3, 2
_VEIL, _RIM_VEIL = 100, 130  # of 255


def stain_deposit(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Lay one to three black marks of ragged outline on the picture.

    Number and growth are MedMNIST-C's. Its marks are cut from real deposits; these are drawn: a circle whose radius
    swings with five harmonics, with a soft edge.
    """
    height, width = image.shape[:2]
    ink = Image.new("L", (width, height))
    draw = ImageDraw.Draw(ink)
    for _ in range(1 + int(generator.random() * DEPOSITS[severity - 1])):
        smallest, largest = DEPOSIT_RADIUS[severity - 1]
        radius = length(smallest + generator.random() * (largest - smallest), image)
        x, y = (_place(side, radius + length(_MARGIN, image), generator) for side in (width, height))
        draw.polygon(_outline(x, y, radius, generator), fill=255)
    soft = np.asarray(ink.filter(ImageFilter.GaussianBlur(length(1.0, image))), np.float32)
    return to_uint8(image * (1 - soft[..., None] / 255))


def bubble(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
    """Lay seven to twelve bubbles on the picture: discs of a white veil with a brighter rim."""
    largest, most = BUBBLES[severity - 1]
    height, width = image.shape[:2]
    veil = Image.new("L", (width, height))
    draw = ImageDraw.Draw(veil)
    rim = length(_RIM, image)
    for _ in range(_FEWEST_BUBBLES + int(generator.random() * (most - _FEWEST_BUBBLES + 1))):
        steps = int(generator.random() * (largest - _SMALLEST_BUBBLE + 1))
        radius = length(_SMALLEST_BUBBLE + steps, image)
        x, y = (_place(side, radius, generator) for side in (width, height))
        for reach, strength in ((radius + rim, _RIM_VEIL), (radius, _VEIL)):
            draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=strength)
    picture = Image.fromarray(image)
    picture.paste((255, 255, 255), (0, 0, width, height), veil)
    return np.asarray(picture)


def _place(side: int, margin: float, generator: np.random.Generator) -> float:
    """A coordinate that is ``margin`` away from both ends."""
    return margin + generator.random() * max(0.0, side - 2 * margin)


def _outline(x: float, y: float, radius: float, generator: np.random.Generator) -> list[tuple[float, float]]:
    angles = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    harmonics = np.arange(1, 6)
    phases, swings = generator.uniform(0, 2 * math.pi, 5), generator.uniform(0, 0.3, 5) / np.sqrt(harmonics)
    radii = radius * np.maximum(0.3, 1 + (swings * np.cos(np.outer(angles, harmonics) + phases)).sum(axis=1))
    return list(zip((x + radii * np.cos(angles)).tolist(), (y + radii * np.sin(angles)).tolist(), strict=True))


MOST = 3
"""So many corruptions at most fall on one image."""


def mixture(pool: Sequence[Corruption]) -> Apply:
    """The function that lays one to three different corruptions of a pool on an image, all of the severity asked for.

    It stands for a laboratory of which nothing is known: which corruptions, how many and in which order is drawn for
    every image.
    """

    def mixed(image: np.ndarray, severity: int, generator: np.random.Generator) -> np.ndarray:
        for chosen in generator.choice(len(pool), 1 + int(generator.random() * MOST), replace=False):
            image = pool[chosen].apply(image, severity, generator)
        return image

    return mixed
