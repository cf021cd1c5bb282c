"""What a detector's file finds in labelled fields, at all scores: what it is measured by, and its thresholds chosen."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

from hemascope.cells import KINDS
from hemascope.data.annotations.fields import LabelledField
from hemascope.data.decode import decode
from hemascope.evaluate.detection import Detected
from hemascope.fields.card import METADATA_KEY, DetectorCard
from hemascope.fields.detector import load_detector
from hemascope.files import atomic, scratch
from hemascope.progress import SILENT, Progress


def detect(model: Path | str, fields: Sequence[LabelledField], progress: Progress = SILENT) -> list[Detected]:
    """Find the cells of fields as `hemascope count` does, and those below the thresholds too.

    Each field is looked at once as in use, which tells its scale, and once more at that scale for all that is over the
    floor of the detector's graph.

    Args:
        model: a detector's file, or a shipped detector's name.
        fields: n of them.
        progress: how many are done.

    Returns:
        n of them.

    Raises:
        ModelFileError: the detector cannot be used.
        DecodeError: a field cannot be read.
    """
    detector = load_detector(model)
    found = []
    with scratch() as folder:
        low = folder / "detector.onnx"
        write_card(detector.path, replace(detector.card, thresholds=dict.fromkeys(KINDS, 0.0)), low)
        everything = load_detector(low)
        progress.step("finding cells", len(fields))
        for count, field in enumerate(fields, start=1):
            image = decode(field.path)
            used = detector.find(image)
            rest = everything.find(image, used.scale)
            found.append(Detected(rest.boxes, rest.kinds, rest.scores, used.scale, used.scale_from))
            progress.done(count)
    return found


def write_card(model: Path, card: DetectorCard, path: Path) -> None:
    """Write a detector's file with another card; ``path`` may be the file itself."""
    content = onnx.load(model)
    for entry in [entry for entry in content.metadata_props if entry.key == METADATA_KEY]:
        content.metadata_props.remove(entry)
    content.metadata_props.add(key=METADATA_KEY, value=card.to_json())
    with atomic(path) as temporary:
        onnx.save(content, temporary)


def columns(fields: Sequence[LabelledField], found: Sequence[Detected]) -> dict[str, list[object]]:
    """A predictions table: a row a box found, with the field's path, name and source, and the scale it was seen at."""
    table: dict[str, list[object]] = {name: [] for name in _COLUMNS}
    for field, one in zip(fields, found, strict=True):
        rows = zip(one.boxes.tolist(), one.kinds.tolist(), np.asarray(one.scores, np.float32).tolist(), strict=True)
        for box, kind, score in rows:
            place = (str(field.path), field.name, field.source)
            for name, value in zip(
                _COLUMNS, (*place, *box, KINDS[kind], score, one.scale, one.scale_from), strict=True
            ):
                table[name].append(value)
    return table


_COLUMNS = ("path", "field", "source", "xmin", "ymin", "xmax", "ymax", "kind", "score", "scale", "scale_from")
