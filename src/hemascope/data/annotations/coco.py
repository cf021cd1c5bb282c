"""Boxes from COCO's JSON: lists of images, categories and annotations, whose boxes are x, y, width and height."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hemascope.cells import KINDS
from hemascope.data.annotations.fields import LabelledField
from hemascope.data.annotations.raw import RawBox, RawField, below, find_picture, number, read_text, whole
from hemascope.data.sources.names import split_name
from hemascope.errors import SourceError
from hemascope.files import write_text

_PARTS = ("images", "annotations", "categories")


def is_coco(path: Path) -> bool:
    """Whether a JSON file holds COCO's three lists, by its beginning and end.

    Of a large file these are all that is looked at: the whole is read when it is opened.
    """
    try:
        content = json.loads(read_text(path))
    except (SourceError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and all(isinstance(content.get(part), list) for part in _PARTS)


def read_coco(path: Path, *, split: str = "") -> list[RawField]:
    """The fields of a COCO file.

    The pictures lie beside it, in a folder ``images`` beside it or above, or in one called as the split. An image may
    name its ``split``, ``source`` and ``group``, and the kinds that are boxed in it as ``annotated``, as `write_coco`
    writes them.

    Args:
        path: the JSON file.
        split: of fields that name none; where not given, what the file's name says.

    Raises:
        SourceError: no COCO file, or an entry of it that cannot be.
    """
    try:
        content = json.loads(read_text(path))
    except (ValueError, RecursionError) as problem:
        raise SourceError(f"{path}: not readable as JSON ({problem})", "Export it again.") from problem
    if not isinstance(content, dict) or not all(isinstance(content.get(part), list) for part in _PARTS):
        raise SourceError(
            f"{path}: no COCO file of boxes: it wants the lists {', '.join(_PARTS)}",
            'Export it as "COCO" for object detection.',
        )
    split = split or _split_of(path)
    labels: dict[Any, str] = {}
    for index, entry in enumerate(content["categories"]):
        key = _id(entry, "id", f"{path}: categories[{index}]")
        labels[key] = str(entry.get("name", ""))
    fields: dict[Any, RawField] = {}
    for index, entry in enumerate(content["images"]):
        place = f"{path}: images[{index}]"
        key = _id(entry, "id", place)
        if key in fields:
            raise SourceError(f"{place}: a second image has the id {key}", "Export it again.")
        fields[key] = _field(entry, place, path, split)
    for index, entry in enumerate(content["annotations"]):
        place = f"{path}: annotations[{index}]"
        image, category = (_id(entry, name, place) for name in ("image_id", "category_id"))
        if image not in fields or category not in labels:
            what = f"image {image}" if image not in fields else f"category {category}"
            raise SourceError(f"{place}: there is no {what}", "Export it again, with all images and categories.")
        box = entry.get("bbox")
        if not isinstance(box, list) or len(box) != 4:
            raise SourceError(f"{place}: no bbox of x, y, width and height", "Export boxes, not masks alone.")
        x, y, width, height = (number(value, f"bbox[{i}]", place) for i, value in enumerate(box))
        crowd = entry.get("iscrowd") in (1, True)
        fields[image].boxes.append(RawBox(place, (x, y, x + width, y + height), labels[category], crowd))
    return list(fields.values())


def write_coco(fields: Sequence[LabelledField], path: Path) -> None:
    """Write fields and their boxes so that `read_coco` gives them again; whole or not at all."""
    images = [
        {
            "id": place,
            "file_name": str(field.path),
            "width": field.size[0],
            "height": field.size[1],
            "name": field.name,
            "source": field.source,
            "group": field.group,
            "split": field.split,
            "annotated": [kind for kind, yes in zip(KINDS, field.annotated, strict=True) if yes],
        }
        for place, field in enumerate(fields)
    ]
    marks: list[dict[str, Any]] = []
    for image, field in enumerate(fields):
        for box, kind, label in zip(field.boxes.tolist(), field.kinds.tolist(), field.labels, strict=True):
            corner, size = box[:2], [box[2] - box[0], box[3] - box[1]]
            ignored = kind < 0
            category = -1 - kind if ignored else kind
            mark = {"image_id": image, "category_id": category, "bbox": [*corner, *size], "area": size[0] * size[1]}
            marks.append({"id": len(marks), **mark, "iscrowd": int(ignored), "label": label})
    categories = [{"id": place, "name": kind} for place, kind in enumerate(KINDS)]
    content = {"images": images, "annotations": marks, "categories": categories}
    write_text(path, json.dumps(content, ensure_ascii=False) + "\n")


def _id(entry: Any, name: str, place: str) -> Any:
    value = entry.get(name) if isinstance(entry, dict) else None
    if not isinstance(value, int | str):
        raise SourceError(f"{place}: no {name}", "Export it again.")
    return value


def _field(entry: dict[str, Any], place: str, path: Path, split: str) -> RawField:
    name = entry.get("file_name")
    if not isinstance(name, str) or not name.strip() or "\0" in name:
        raise SourceError(f"{place}: no file_name", "Export it again, with the names of the pictures.")
    above = path.parent.parent
    stem = path.stem.rpartition("_")[2]  # instances_train2017
    folders = [path.parent, path.parent / "images", above / "images", above / stem, above / "images" / stem, above]
    picture = find_picture(name, folders)
    own, source, group = (str(entry.get(key) or "") for key in ("split", "source", "group"))
    annotated = entry.get("annotated")
    return RawField(
        picture,
        str(entry["name"]) if isinstance(entry.get("name"), str) else below(picture, path.parent),
        place,
        size=(whole(entry.get("width")), whole(entry.get("height"))),
        split=split_name(own) or split,
        source=source,
        group=group,
        annotated=tuple(map(str, annotated)) if isinstance(annotated, list) else None,
    )


def _split_of(path: Path) -> str:
    stem = path.stem.removeprefix("instances_").removeprefix("_annotations").removesuffix(".coco")
    return split_name(stem) or split_name(path.parent.name) or ""
