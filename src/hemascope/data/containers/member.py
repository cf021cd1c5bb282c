"""The name of an image inside a file that numbers its images: ``column/row``, or the row alone."""

import re

from hemascope.errors import DecodeError


def split_member(member: str, path: str) -> tuple[str, int]:
    """The column or array, "" where there is none, and the number of the row.

    Raises:
        DecodeError: it names no row.

    >>> split_member("train_images/12", "set.npz"), split_member("7", "synthetic://0")
    (('train_images', 12), ('', 7))
    """
    column, _, row = member.rpartition("/")
    if not re.fullmatch("[0-9]{1,18}", row):
        raise DecodeError(f"{path}#{member}: names no row of the file")
    return column, int(row)
