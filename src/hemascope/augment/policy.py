"""What an augmentation may do, as data: each strength in one unit."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class Policy(BaseModel):
    """Strengths of the random transforms; every image draws its own values, uniformly within them.

    The defaults change nothing.

    >>> Policy(rotation=180, flip=0.5).rotation
    180.0
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    clean: Share = Field(0.0, description="share of images left as they are; keeps BatchNorm's statistics honest")
    rotation: float = Field(0.0, ge=0, le=180, description="turn by up to ± this many degrees")
    flip: Share = Field(0.0, description="probability of a mirror image")
    zoom: float = Field(1.0, ge=1, le=4, description="scale by a factor from 1/zoom to zoom, even in its logarithm")
    shift: float = Field(0.0, ge=0, le=0.5, description="move by up to ± this share of the side, each axis")
    brightness: Share = Field(0.0, description="multiply all channels by 1 ± this")
    contrast: Share = Field(0.0, description="multiply distances from the image's mean grey by 1 ± this")
    saturation: Share = Field(
        0.0, description="colour degeneration: multiply distances from each pixel's grey by 1 ± this"
    )
    noise: float = Field(
        0.0, ge=0, le=1, description="Gaussian noise of up to this standard deviation, pixels in [0, 1]"
    )

    @property
    def changes_nothing(self) -> bool:
        """True when applying it would give the images back."""
        return self == Policy() or self.clean == 1
