"""What a synthetic smear shows, before any pixel is drawn: shapes, pigments and light.

Lengths are micrometres. A field is a square of `FIELD` µm with its origin in the centre, x to the right and y down;
what belongs to a cell is placed relative to that cell's own centre. Amounts of pigment are relative: 1 is what a
well-stained smear shows (see `hemascope.data.smears.stain`).
"""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from hemascope.data.smears.shapes import Shape

FIELD = 19.0
"""Side of the field in µm, about that of the central 208 pixels of the images of Acevedo et al. 2020."""


class Pigment(IntEnum):
    """What takes up the stain."""

    CHROMATIN = 0  # DNA: azure B and eosin Y together, the purple that gave Romanowsky's stain its fame
    BASOPHILIA = 1  # RNA: azure B alone, blue
    ACIDOPHILIA = 2  # basic proteins: eosin Y, pink to orange
    AZUROPHILIA = 3  # primary granules: magenta
    HAEMOGLOBIN = 4  # red cells: pinkish grey


@dataclass(frozen=True)
class Nucleus:
    """A nucleus and its chromatin.

    Attributes:
        shape: its outline.
        density: amount of chromatin.
        contrast: how much paler the open chromatin between the clumps is, 0 .. 1.
        openness: how much of it is open, 0 (almost none) .. 1 (most).
        grain: size of the clumps in µm: 0.3 fine and lacy, 0.5 coarse.
        rim: extra chromatin along the nuclear membrane.
        nucleoli: pale bluish discs, rows of x, y, radius (n, 3).
    """

    shape: Shape
    density: float = 0.9
    contrast: float = 0.4
    openness: float = 0.15
    grain: float = 0.6
    rim: float = 0.2
    nucleoli: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))


@dataclass(frozen=True)
class Granules:
    """Granules of one sort.

    Attributes:
        discs: rows of x, y, radius (n, 3).
        pigment: what they are stained by.
        amount: pigment of a granule at its thickest.
        shade: its variation from granule to granule, a fraction.
        over_nucleus: how much of the nucleus they may hide: 0 none lies on it, 1 they lie on it freely.
    """

    discs: np.ndarray
    pigment: Pigment
    amount: float
    shade: float = 0.25
    over_nucleus: float = 0.0


@dataclass(frozen=True)
class Cytoplasm:
    """The body of a cell.

    Attributes:
        shape: the cell's outline.
        stains: amount of each pigment that fills it evenly.
        mottle: relative unevenness of that filling.
        mottle_scale: its size in µm.
        edge: relative gain of pigment toward the outline (negative: it fades out).
        halo: how pale the zone around the nucleus is, 0 .. 1.
        vacuoles: clear bubbles, rows of x, y, radius (n, 3).
    """

    shape: Shape
    stains: dict[Pigment, float]
    mottle: float = 0.15
    mottle_scale: float = 0.7
    edge: float = 0.0
    halo: float = 0.0
    vacuoles: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))


@dataclass(frozen=True)
class Cell:
    """A nucleated cell or a platelet, centred at (x, y) of the field."""

    label: str
    cytoplasm: Cytoplasm
    nucleus: Nucleus | None = None
    granules: tuple[Granules, ...] = ()
    x: float = 0.0
    y: float = 0.0

    @property
    def reach(self) -> float:
        """Radius in µm of a circle that holds the cell."""
        return self.cytoplasm.shape.reach


@dataclass(frozen=True)
class RedCell:
    """A red cell: an ellipse with a pale centre.

    Attributes:
        x, y: centre.
        radius: µm.
        stretch: long over short axis.
        angle: direction of the long axis, radians.
        pallor: how pale the centre is, 0 .. 1.
        pale_radius: the pale centre's radius as a fraction of the cell's.
        amount: haemoglobin at the thick rim.
        basophilia: residual RNA of a young red cell (polychromasia).
    """

    x: float
    y: float
    radius: float
    stretch: float
    angle: float
    pallor: float
    pale_radius: float
    amount: float
    basophilia: float


@dataclass(frozen=True)
class Surroundings:
    """What lies around the cell: red cells, stray platelets and white cells, and a film of plasma."""

    red_cells: tuple[RedCell, ...]
    others: tuple[Cell, ...]
    plasma: float


@dataclass(frozen=True)
class Light:
    """How the slide was stained, lit, focused and photographed.

    Attributes:
        strength: factor on each pigment's optical density (5,).
        hue: factor on each pigment's density in red, green and blue (5, 3).
        white: colour of empty glass, 0 .. 255 (3,).
        slope: relative change of light per µm, along x and y.
        vignette: relative loss of light in the corners.
        defocus: standard deviation in µm of the blur.
        noise: standard deviation in grey levels of the sensor's noise.
    """

    strength: np.ndarray
    hue: np.ndarray
    white: np.ndarray
    slope: tuple[float, float]
    vignette: float
    defocus: float
    noise: float


@dataclass(frozen=True)
class Scene:
    """All that one image shows; ``texture`` seeds what is too fine to list: chromatin, mottling, noise."""

    cell: Cell
    surroundings: Surroundings
    light: Light
    texture: tuple[int, ...]
