"""What an augmentation may do, as data: each strength in one unit."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

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


Share = Annotated[float, Field(ge=0, le=1)]


class Policy(BaseModel):
    """Strengths of the random transforms; every image draws its own values, evenly within them.

    The defaults change nothing. Where a policy is asked for, the name of a shipped one will do, as will a name and
    keys that differ from it. Of each group of degradations (focus, sensor, coding, light, tone) and of the occlusions
    an image gets at most one, with the probability ``degrade`` or ``occlude``. ``rand`` operations, drawn anew for
    every image whatever it gets of the rest, come on top: of rotation and flip alone in the policy rand, of all of wide
    in ``{"name": "wide", "rand": 2}``. What both give an image, it gets once, at the greater strength.

    >>> Policy(rotation=180, flip=0.5).rotation
    180.0
    >>> Policy.model_validate({"name": "wide", "noise": 0.2}).noise
    0.2
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    clean: Share = Field(0.0, description="share of images left as they are; keeps BatchNorm's statistics honest")

    rotation: float = Field(0.0, ge=0, le=180, description="turn by up to ± this many degrees")
    flip: Share = Field(0.0, description="probability of a mirror image")
    zoom: float = Field(1.0, ge=1, le=4, description="scale by a factor from 1/zoom to zoom, even in its logarithm")
    shift: float = Field(0.0, ge=0, le=0.5, description="move by up to ± this share of the side, each axis")
    shear: float = Field(0.0, ge=0, le=45, description="slant by up to ± this many degrees, each axis")
    elastic: float = Field(0.0, ge=0, le=0.2, description="bend smoothly by up to ± this share of the side")
    fill: Share = Field(0.0, description="probability that the border's mean colour lies outside, not a reflection")

    brightness: Share = Field(0.0, description="multiply all channels by 1 ± this")
    contrast: Share = Field(0.0, description="multiply distances from the image's mean grey by 1 ± this")
    saturation: Share = Field(
        0.0, description="colour degeneration: multiply distances from each pixel's grey by 1 ± this"
    )
    hue: float = Field(0.0, ge=0, le=180, description="turn all colours by up to ± this many degrees, greys kept")
    channel_gain: Share = Field(0.0, description="multiply each channel by its own 1 ± this")
    channel_shift: Share = Field(0.0, description="add its own ± this to each channel, pixels in [0, 1]")
    white_point: Share = Field(0.0, description="go up to this share of the way to a random lamp's white")
    gamma: float = Field(0.0, ge=0, le=4, description="raise to a power from 1/(1 + this) to 1 + this")
    stain: Share = Field(0.0, description="amount of each stain times 1 ± this plus ± this, as Tellez et al. 2018")

    degrade: Share = Field(1.0, description="chance that an image gets one degradation of each group below")
    defocus: float = Field(0.0, ge=0, le=0.1, description="focus: disc of up to this radius, as share of the side")
    motion: float = Field(0.0, ge=0, le=0.2, description="focus: smear up to this long, as share of the side")
    vignette: Share = Field(0.0, description="light: corners darker by up to this share")
    noise: float = Field(
        0.0, ge=0, le=1, description="sensor: Gaussian noise of up to this standard deviation, pixels in [0, 1]"
    )
    shot: Share = Field(0.0, description="sensor: photon noise of up to this standard deviation at white")
    salt: Share = Field(0.0, description="sensor: up to this share of the pixels black or white")
    solarise: Share = Field(0.0, description="tone: invert up to this share of the scale, from white down")
    posterise: float = Field(0.0, ge=0, le=7, description="tone: take away up to this many of 8 bits")
    pixelate: float = Field(0.0, ge=0, le=0.95, description="coding: shrink the side by up to this share, and back")
    jpeg: Share = Field(0.0, description="coding: JPEG of a quality from 100 (1 - this) to 100")

    occlude: Share = Field(1.0, description="chance that an image gets one of the four occlusions below")
    cutout: Share = Field(0.0, description="a square of one colour, its side up to this share of the image's")
    grid: Share = Field(0.0, description="grid mask: grey squares that cover up to this share of each period's side")
    bubble: float = Field(0.0, ge=0, le=0.5, description="an air bubble of up to this radius, as share of the side")
    deposit: float = Field(0.0, ge=0, le=0.2, description="specks of stain of up to this radius, as share of the side")

    rand: int = Field(0, ge=0, le=20, description="RandAugment: this many operations, drawn anew for every image")
    magnitude: Share = Field(0.5, description="RandAugment: strength of these, as share of each operation's full one")

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"name": value}
        if not isinstance(value, dict) or "name" not in value:
            return value
        own = dict(value)
        name = own.pop("name")
        if name not in NAMED:
            raise ValueError(f"no policy is called {name!r} (there are: {', '.join(NAMED)})")
        return {**NAMED[name], **own}

    @property
    def changes_nothing(self) -> bool:
        """True when applying it would give the images back."""
        return self.clean == 1 or not (self.strengths or (self.rand and self.magnitude))

    @property
    def strengths(self) -> dict[str, float]:
        """Strength of every operation that is not off, in the order of the fields; zoom as its factor."""
        values = {name: float(getattr(self, name)) for name in OFF}
        chances = {name: float(getattr(self, chance)) for chance, names in CHANCES.items() for name in names}
        return {name: value for name, value in values.items() if value != OFF[name] and chances.get(name, 1)}
