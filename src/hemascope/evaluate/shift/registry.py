"""All corruptions by name, and how to choose some of them."""

from hemascope.errors import HemascopeError
from hemascope.evaluate.shift import corruptions as made
from hemascope.evaluate.shift.corruption import SEVERITIES, Corruption

MEDMNIST_C = (
    Corruption("pixelate", "Pixelate", "compression", made.pixelate, True),
    Corruption("jpeg_compression", "JPEG", "compression", made.jpeg_compression, True),
    Corruption("defocus_blur", "Defocus blur", "blur", made.defocus_blur, True),
    Corruption("motion_blur", "Motion blur", "blur", made.motion_blur, True),
    Corruption("brightness_up", "Brightness up", "light", made.brightness_up, True),
    Corruption("brightness_down", "Brightness down", "light", made.brightness_down, True),
    Corruption("contrast_up", "Contrast up", "light", made.contrast_up, True),
    Corruption("contrast_down", "Contrast down", "light", made.contrast_down, True),
    Corruption("saturate", "Saturation up", "colour", made.saturate, True),
    Corruption("stain_deposit", "Stain deposits", "occlusion", made.stain_deposit, True),
    Corruption("bubble", "Bubbles", "occlusion", made.bubble, True),
)
"""MedMNIST-C's corruptions of BloodMNIST, with its severities (Di Salvo et al. 2024, at 224 px)."""

FURTHER = (
    Corruption("sharpen", "Sharpen", "blur", made.sharpen),
    Corruption("downscale", "Shrunk (5: to 28 px)", "compression", made.downscale),
    Corruption("gaussian_noise", "Gaussian noise", "noise", made.gaussian_noise),
    Corruption("shot_noise", "Shot noise", "noise", made.shot_noise),
    Corruption("salt_pepper", "Salt and pepper", "noise", made.salt_pepper),
    Corruption("gamma", "Gamma", "light", made.gamma),
    Corruption("vignetting", "Vignetting", "light", made.vignetting),
    Corruption("hue", "Hue", "colour", made.hue),
    Corruption("channel_shift", "Channel shift", "colour", made.channel_shift),
    Corruption("stain_shift", "Stain shift", "colour", made.stain_shift),
    Corruption("zoom_out", "Zoom out", "geometry", made.zoom_out),
    Corruption("shift", "Shift", "geometry", made.shift),
    Corruption("rotation", "Rotation", "geometry", made.rotation),
)

RANDOM = Corruption("random", "Random, 1 to 3 at once", "mixture", made.mixture((*MEDMNIST_C, *FURTHER)))

CORRUPTIONS = {corruption.name: corruption for corruption in (*MEDMNIST_C, *FURTHER, RANDOM)}
"""Every corruption by name."""

DEFAULT = "medmnist-c,random"


def choose_corruptions(names: str = DEFAULT) -> tuple[Corruption, ...]:
    """Corruptions from a comma-separated list of names, families, ``medmnist-c`` and ``all``, each once.

    Raises:
        HemascopeError: an unknown name.

    >>> [corruption.name for corruption in choose_corruptions("noise,random")]
    ['gaussian_noise', 'shot_noise', 'salt_pepper', 'random']
    """
    chosen: dict[str, Corruption] = {}
    for name in _parts(names):
        found = [part for part in CORRUPTIONS.values() if _means(name, part)]
        if not found:
            families = dict.fromkeys(part.family for part in CORRUPTIONS.values())
            raise HemascopeError(
                f"{name!r} is no corruption",
                f"Choose from: all, medmnist-c, {', '.join(families)}, {', '.join(CORRUPTIONS)}.",
            )
        chosen.update((part.name, part) for part in found)
    if not chosen:
        raise HemascopeError("no corruption is named", f"Name some, such as: {DEFAULT}")
    return tuple(chosen.values())


def choose_severities(text: str) -> tuple[int, ...]:
    """Severities from a comma-separated list, in rising order.

    Raises:
        HemascopeError: something else than numbers from 1 to 5.

    >>> choose_severities("5,1,3")
    (1, 3, 5)
    """
    parts = _parts(text)
    if not parts or not set(parts) <= set(map(str, SEVERITIES)):
        raise HemascopeError(f"severities {text!r} are not numbers from 1 to 5", "Write, for example: 1,3,5")
    return tuple(sorted(set(map(int, parts))))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _means(name: str, corruption: Corruption) -> bool:
    return name in ("all", corruption.name, corruption.family) or (name == "medmnist-c" and corruption.medmnist_c)
