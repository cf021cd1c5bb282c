"""What a count is made with where nothing is said, and what can be said; brings nothing."""

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"
"""Where the detectors are that are shipped with the package."""

DETECTOR = "detector"
"""Name of the one that is used where none is named."""

FORMATS = ("csv", "parquet")
"""What the table of cells can be written as; the first where none is named."""
