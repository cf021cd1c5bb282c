"""Names of files made of the names of fields and classes: such as every system takes, and no two alike."""

from __future__ import annotations

import hashlib
import re

_LONGEST = 80  # characters, so that a suffix and a number fit beside it everywhere
_UNSAFE = re.compile(r"[^\w.+=-]+")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_PLACE = re.compile(r"\d+(,\d+)*")
_SUFFIX = re.compile(r"\.[A-Za-z]\w{1,4}$")


def safe_name(text: str) -> str:
    """A name that is one part of a path everywhere, as near to ``text`` as can be; not empty, and not hidden.

    >>> safe_name("slide 3/field 1"), safe_name("../.."), safe_name("immature_granulocyte"), safe_name("con")
    ('slide_3_field_1', '_', 'immature_granulocyte', '_con')
    """
    name = _UNSAFE.sub("_", text).strip(".")[:_LONGEST].rstrip(".") or "_"
    return f"_{name}" if _DEVICES.fullmatch(name) else name


class Stems:
    """Gives each field its own file name without a suffix: that of its file, and a mark where another has it already.

    The same fields in the same order get the same names. Letters in large and small are the same name.

    >>> stems = Stems()
    >>> stems.of("monday/field_01.jpg"), stems.of("monday/field_01.jpg"), stems.of("tuesday/Field_01.jpg")
    ('field_01', 'field_01', 'Field_01-af28cd0a58cb')
    >>> stems.of("monday/slide.svs#1856,0")
    'slide_1856_0'
    """

    def __init__(self) -> None:
        self._of: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, field: str) -> str:
        """The name of a field's files."""
        if field not in self._of:
            *parents, last = re.split(r"[/\\#]", field.rstrip("/\\"))
            if parents and _PLACE.fullmatch(last):  # a page or a window: after its file
                last = f"{_SUFFIX.sub('', parents[-1])}_{last.replace(',', '_')}"
            stem = safe_name(_SUFFIX.sub("", last))
            if stem.casefold() in self._taken:
                mark = hashlib.blake2b(field.encode("utf-8", "backslashreplace"), digest_size=6).hexdigest()
                stem = f"{stem[: _LONGEST - 13]}-{mark}"
            self._taken.add(stem.casefold())
            self._of[field] = stem
        return self._of[field]
