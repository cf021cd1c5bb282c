"""What is looked at in a folder or archive."""

import pytest

from hemascope.data.visible import inner_parts


@pytest.mark.parametrize("path", ["a/.x.png", ".git/x.png", "a/Thumbs.db", "__MACOSX/a/1.png"])
def test_what_file_managers_leave_in_an_archive_is_not_visible(path: str) -> None:
    assert inner_parts(path) == ()
