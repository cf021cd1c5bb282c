"""How people see the classes of the served model: title, colour, and how laboratories count them."""

from pydantic import BaseModel, Field

from hemascope.cells import Counted, colours, counted, title


class CellClass(BaseModel):
    """One class of the model."""

    name: str
    title: str = Field(description="The name for people.")
    colour: str = Field(description="Of figures, as #rrggbb.")
    counted: Counted = Field(
        description="As a share of the differential; as so many per hundred cells of the differential; or apart."
    )


class Classes(BaseModel):
    """The classes, in the model's order."""

    classes: list[CellClass]


def class_table(names: tuple[str, ...]) -> Classes:
    """The classes of a model, counted as `hemascope.cells.counted` says.

    >>> [cell.counted for cell in class_table(("monocyte", "platelet")).classes]
    ['differential', 'apart']
    """
    return Classes(
        classes=[
            CellClass(name=name, title=title(name), colour=colour, counted=counted(name))
            for name, colour in zip(names, colours(names), strict=True)
        ]
    )
