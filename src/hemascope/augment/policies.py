"""The shipped policies, and what every operation's full strength is."""

GROUPS: dict[str, tuple[str, ...]] = {
    "focus": ("defocus", "motion"),
    "light": ("vignette",),
    "sensor": ("noise", "shot", "salt"),
    "tone": ("solarise", "posterise"),
    "coding": ("pixelate", "jpeg"),
    "occlusion": ("cutout", "grid", "bubble", "deposit"),
}
"""Operations of which an image gets at most one."""

CHANCES = {
    "degrade": tuple(name for group, names in GROUPS.items() if group != "occlusion" for name in names),
    "occlude": GROUPS["occlusion"],
}
"""The key of a policy that holds the chance of each such operation."""

FULL: dict[str, float] = {
    "rotation": 180,
    "flip": 1,
    "zoom": 1.5,
    "shift": 0.2,
    "shear": 20,
    "elastic": 0.06,
    "brightness": 0.5,
    "contrast": 0.6,
    "saturation": 0.9,
    "hue": 30,
    "channel_gain": 0.25,
    "channel_shift": 0.15,
    "white_point": 1,
    "gamma": 1,
    "stain": 0.25,
    "defocus": 0.05,
    "motion": 0.12,
    "vignette": 0.7,
    "noise": 0.15,
    "shot": 0.15,
    "salt": 0.08,
    "solarise": 0.5,
    "posterise": 6,
    "pixelate": 0.85,
    "jpeg": 0.95,
    "cutout": 0.5,
    "grid": 0.6,
    "bubble": 0.4,
    "deposit": 0.07,
}
"""Every operation at the greatest strength that leaves most cells recognisable, in the units of a policy."""

OFF = {name: 1.0 if name == "zoom" else 0.0 for name in FULL}
"""The strength at which an operation does nothing."""

_FIXED: dict[str, float] = {"clean": 0.1, "rotation": 180, "flip": 0.5}

NAMED: dict[str, dict[str, float]] = {
    "none": {},
    "fixed": _FIXED,
    "wide": {
        "clean": 0.3,
        "rotation": 180,
        "flip": 0.5,
        "zoom": 1.25,
        "shift": 0.08,
        "shear": 8,
        "elastic": 0.02,
        "fill": 0.3,
        "brightness": 0.25,
        "contrast": 0.3,
        "saturation": 0.4,
        "hue": 8,
        "channel_gain": 0.1,
        "channel_shift": 0.04,
        "white_point": 0.4,
        "gamma": 0.4,
        "stain": 0.06,
        "degrade": 0.25,
        "defocus": 0.03,
        "motion": 0.06,
        "vignette": 0.4,
        "noise": 0.08,
        "shot": 0.08,
        "salt": 0.04,
        "solarise": 0.3,
        "posterise": 4,
        "pixelate": 0.75,
        "jpeg": 0.85,
        "occlude": 0.25,
        "cutout": 0.3,
        "grid": 0.5,
        "bubble": 0.3,
        "deposit": 0.05,
    },
    "rand": {**_FIXED, "rand": 2, "magnitude": 0.6},
}
"""Policies by name: none; fixed, every position on the slide is as good as any other; wide, other stains, cameras and
files as well; rand, RandAugment (Cubuk et al. 2020) after the fixed part."""
