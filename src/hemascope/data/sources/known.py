"""Licence and attribution of data sets that are recognised, for the cards of models trained on them."""

import re
from collections.abc import Iterable
from typing import NamedTuple

ACEVEDO = (
    "Acevedo A., Merino A., Alférez S., Molina Á., Boldú L., Rodellar J. (2020). A dataset of microscopic peripheral "
    "blood cell images for development of automatic recognition systems. Data in Brief 30, 105474. "
    "Hospital Clínic de Barcelona"
)
MEDMNIST = (
    "Yang J., Shi R., Wei D. et al. (2023). MedMNIST v2: A large-scale lightweight benchmark for 2D and 3D biomedical "
    "image classification. Scientific Data 10, 41"
)


class About(NamedTuple):
    """What a model's card says of its data."""

    licence: str = ""
    attribution: str = ""


BLOODMNIST = About("CC BY 4.0", f"{ACEVEDO}; {MEDMNIST}")
PBC = About("CC BY 4.0", ACEVEDO)

# PBC's files are named by class and number: BA_100102.jpg, SNE_1234.jpg.
_PBC_FILE = re.compile(
    r"(BA|EO|ERB|IG|MMY|MY|PMY|LY|MO|NE|SNE|BNE|NEUTROPHIL|PLATELET|PLATELETS)_\d+\.jpe?g", re.IGNORECASE
)


def recognise_files(names: Iterable[str]) -> About:
    """Licence and attribution of the set whose image files have these names; blank where it is not known."""
    names = list(names)
    matches = sum(_PBC_FILE.fullmatch(name) is not None for name in names)
    return PBC if len(names) >= 1000 and matches >= 0.99 * len(names) else About()
