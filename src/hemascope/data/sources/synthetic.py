"""The embedded default: images drawn when they are read, by seed and number."""

import re

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.manifest import Manifest
from hemascope.errors import SourceError

DEFAULT_COUNT = 1600
SCHEME = "synthetic://"


def is_synthetic(spec: str) -> bool:
    """Whether a source's name asks for synthetic images."""
    return spec == "synthetic" or spec.startswith("synthetic:")


def read_synthetic(spec: str) -> Manifest:
    """List ``synthetic``, ``synthetic:N`` or ``synthetic:N:SEED``: N images, the eight classes in turn.

    Raises:
        SourceError: N or SEED is no number, or N leaves a class without an image.
    """
    match = re.fullmatch(r"synthetic(?::(\d+))?(?::(\d+))?", spec)
    count = int(match[1] or DEFAULT_COUNT) if match else 0
    if not match or count < len(BLOOD_CLASSES):
        raise SourceError(
            f"{spec}: not synthetic, synthetic:N or synthetic:N:SEED with N of at least {len(BLOOD_CLASSES)}",
            "For example: synthetic:1600:0",
        )
    return Manifest.build(
        [f"{SCHEME}{int(match[2] or 0)}"] * count,
        [BLOOD_CLASSES[index % len(BLOOD_CLASSES)] for index in range(count)],
        BLOOD_CLASSES,
        members=[str(index) for index in range(count)],
        name=spec,
        licence="Apache-2.0",
        attribution="Drawn by hemascope; no real cells",
    )
