"""How a training takes over what a network has learned elsewhere."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Transfer(BaseModel):
    """Which part of the network learns, from when on, and how fast.

    The head always learns. A frozen part keeps its weights and BatchNorm's statistics.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    trainable: Literal["all", "head"] | Annotated[int, Field(ge=1)] | str = Field(
        "all", description="what learns: all, head, the last so many stages, or the backbone from the layer named on"
    )
    head_epochs: int = Field(0, ge=0, description="of the epochs, so many at first train the head alone")
    head_learning_rate: float | None = Field(
        None, gt=0, description="constant rate of these epochs; null: the optimiser's; the schedule begins after them"
    )
    layer_decay: float = Field(
        1.0, gt=0, le=1, description="each stage learns at this share of the rate of the next; the head at the full one"
    )

    @property
    def freezes(self) -> bool:
        """Whether some part of the backbone does not learn in some epoch."""
        return self.trainable != "all" or self.head_epochs > 0
