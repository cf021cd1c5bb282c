"""Which files and folders are looked at, in a folder, an archive or a store."""

import os
import re

_JUNK = {"thumbs.db", "desktop.ini", "__macosx"}  # what file managers leave behind


def is_visible(name: str) -> bool:
    """Whether a file or folder of this name is looked at: no leading dot, and none of what file managers leave.

    >>> is_visible(".DS_Store"), is_visible("Thumbs.db"), is_visible("cell.jpg")
    (False, False, True)
    """
    return not name.startswith(".") and name.lower() not in _JUNK


def inner_parts(path: str) -> tuple[str, ...]:
    """The folders and the name of a file inside an archive or below a folder; empty where one of them is not visible.

    >>> inner_parts("./basophil/1.png"), inner_parts("__MACOSX/basophil/1.png")
    (('basophil', '1.png'), ())
    """
    parts = tuple(part for part in re.split(r"[/\\]" if os.sep == "\\" else "/", path) if part not in ("", "."))
    return parts if all(map(is_visible, parts)) else ()
