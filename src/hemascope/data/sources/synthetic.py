"""The embedded default: images drawn when they are read, by seed and number."""

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.containers.synthetic import parse
from hemascope.data.manifest import Manifest


def read_synthetic(spec: str) -> Manifest:
    """List ``synthetic``, ``synthetic:N`` or ``synthetic:N:SEED``: N images, the eight classes in turn.

    Raises:
        SourceError: N or SEED is no number, or N leaves a class without an image.
    """
    asked = parse(spec)
    return Manifest.build(
        [asked.path] * asked.images,
        [BLOOD_CLASSES[index % len(BLOOD_CLASSES)] for index in range(asked.images)],
        BLOOD_CLASSES,
        members=[str(index) for index in range(asked.images)],
        name=spec,
        licence="Apache-2.0",
        attribution="Drawn by hemascope; no real cells",
    )
