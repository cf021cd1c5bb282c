"""Boxes from Pascal VOC: a folder of XML files, one a field."""

from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from hemascope.data.annotations.raw import RawBox, RawField, below, find_picture, is_there, number, read_text, whole
from hemascope.data.sources.names import split_name
from hemascope.errors import SourceError

_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def read_voc(files: list[Path], root: Path) -> list[RawField]:
    """The fields of XML files.

    The picture lies beside its XML, or in ``JPEGImages`` or ``images`` beside its folder. Splits are those of the
    folders, or of lists ``ImageSets/Main/train.txt`` and so on. Corners are taken as they stand.

    Args:
        files: the XML files.
        root: the source's folder, at which names begin.

    Raises:
        SourceError: one that cannot be read, or a value in it that cannot be.
    """
    lists: dict[Path, dict[str, str]] = {}
    found = []
    for file in files:
        tree = _tree(file)
        if tree.tag != "annotation":
            continue
        above = file.parent.parent
        name = (tree.findtext("filename") or "").strip().replace("\0", "")
        picture = find_picture(name, [file.parent, above / "JPEGImages", above / "images", above], file.stem)
        if above not in lists:
            lists[above] = _lists(above / "ImageSets" / "Main")
        split = lists[above].get(file.stem) or split_name(file.parent.name) or split_name(above.name) or ""
        size = (whole(tree.findtext("size/width")), whole(tree.findtext("size/height")))
        field = RawField(picture, below(picture, root), str(file), size=size, split=split)
        for index, entry in enumerate(tree.iter("object"), start=1):
            place = f"{file}: object {index}"
            corners = tuple(number((entry.findtext(f"bndbox/{key}") or "").strip(), key, place) for key in _CORNERS)
            name, difficult = ((entry.findtext(key) or "").strip() for key in ("name", "difficult"))
            field.boxes.append(RawBox(place, corners, name, difficult == "1"))  # type: ignore[arg-type]
        found.append(field)
    return found


def _lists(folder: Path) -> dict[str, str]:
    """Of each field that a list names, its split."""
    found: dict[str, str] = {}
    for split in ("train", "val", "test"):
        file = folder / f"{split}.txt"
        if is_there(file):
            found |= {line.split()[0]: split for line in read_text(file).splitlines() if line.split()}
    return found


class _RefusedError(ValueError):
    """An XML file that declares entities, of which a few hundred bytes can stand for gigabytes."""


def _tree(file: Path) -> ElementTree.Element:
    """The root of an XML file that declares no entity and asks for no other file."""
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise _RefusedError("it declares entities")

    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(read_text(file).encode("utf-8"), True)
        return builder.close()
    except (expat.ExpatError, _RefusedError, ValueError, AssertionError) as problem:
        raise SourceError(f"{file}: not readable as XML ({problem})", "Export it again as Pascal VOC.") from problem
