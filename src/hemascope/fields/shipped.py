"""Where the detectors are that are shipped with the package."""

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"
DETECTOR = "detector"
"""Name of the shipped detector that is used where none is named."""
