"""Synthetic smears: seeded drawings of the eight classes with the cell's mask, the data set that needs no download.

A scene is first described (`scene`, composed by `morphology`, `surroundings` and `stain`), then drawn (`paint`).
The drawings teach and test; they stand in for no patient, and a classifier trained on them diagnoses none.
"""

from hemascope.data.smears.paint import Smear, compose, draw, render
from hemascope.data.smears.sheet import sheet

__all__ = ["Smear", "compose", "draw", "render", "sheet"]
