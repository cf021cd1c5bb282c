"""The eight classes by name."""

from collections.abc import Callable

import numpy as np

from hemascope.data.smears.granulocytes import basophil, eosinophil, immature_granulocyte, neutrophil
from hemascope.data.smears.other_cells import erythroblast, lymphocyte, monocyte, platelet
from hemascope.data.smears.scene import Cell

DESCRIBE: dict[str, Callable[[np.random.Generator], Cell]] = {
    "basophil": basophil,
    "eosinophil": eosinophil,
    "erythroblast": erythroblast,
    "immature_granulocyte": immature_granulocyte,
    "lymphocyte": lymphocyte,
    "monocyte": monocyte,
    "neutrophil": neutrophil,
    "platelet": platelet,
}
"""Class name -> a function that describes one cell of the class, drawn at random, centred at the origin."""
