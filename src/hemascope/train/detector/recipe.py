"""What makes a training of the detector."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hemascope.augment.policy import Policy

Positive = Annotated[float, Field(gt=0)]


class DetectorRecipe(BaseModel):
    """A training of the detector.

    >>> DetectorRecipe(epochs=2).size
    320
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "detector"
    epochs: int = Field(60, ge=1, description="passes; each shows every field `views` times in the mean")
    views: float = Field(2.0, gt=0, description="pieces drawn of a field an epoch, in the mean")
    size: int = Field(320, ge=64, multiple_of=32, description="side of the pieces in working pixels")
    batch_size: int = Field(8, ge=1)
    red_width: Positive = Field(48.0, description="working pixels that a red cell is across where the detector works")
    red_widths: tuple[Positive, Positive] = Field((20.0, 110.0), description="the widths that it is trained over")
    stretch: float = Field(1.15, ge=1, le=2, description="a piece is up to so much wider than high, or the reverse")
    learning_rate: Positive = 2e-3
    weight_decay: float = Field(0.02, ge=0)
    warmup: float = Field(0.05, ge=0, le=1, description="share of the steps in which the learning rate rises")
    ema: float = Field(0.998, ge=0, lt=1, description="what the averaged weights keep of themselves a step")
    colours: float = Field(0.7, ge=0, le=1, description="pieces go up to so far towards the colours of another one")
    augment: Policy = Field(default_factory=Policy, description="colours, camera and file; nothing that moves pixels")
    pretrained: bool = True
    seed: int = Field(0, ge=0, lt=2**32)

    @model_validator(mode="after")
    def _moves_nothing(self) -> Any:
        still = {"rotation": 0, "flip": 0, "zoom": 1, "shift": 0, "shear": 0, "elastic": 0, "rand": 0}
        moved = [name for name, value in still.items() if getattr(self.augment, name) != value]
        if moved:
            raise ValueError(
                f"augment.{moved[0]} would move the cells out of their boxes; the detector turns, mirrors "
                "and scales its pieces itself"
            )
        if self.red_widths[0] >= self.red_widths[1]:
            raise ValueError("red_widths: the first must be the smaller one")
        return self
