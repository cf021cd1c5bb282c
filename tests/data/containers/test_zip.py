import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from hemascope.data import regular
from hemascope.data.containers import zip as archives
from hemascope.data.containers.open import open_container
from hemascope.errors import DecodeError, SourceError
from tests.data.pictures import encoded, noise
from tests.predict.pictures import write_zip

NAMES = [f"a/{number}.png" for number in range(4)]


@pytest.fixture
def archive(tmp_path: Path) -> str:
    members = {name: encoded(noise(number)) for number, name in enumerate(NAMES)}
    return str(write_zip(tmp_path / "c.zip", {"notes.txt": b"", **members, "b/.x.png": b"", "__MACOSX/a.png": b""}))


def test_members_in_any_order(archive: str) -> None:
    container = open_container(archive)
    for number in (3, 0, 0, 2):
        np.testing.assert_array_equal(container.job(NAMES[number])(), noise(number))
    with pytest.raises(DecodeError, match=r"#a/9\.png: no such file in the archive"):
        container.job("a/9.png")
    container.close()


def test_names_are_those_of_the_visible_files(archive: str) -> None:
    assert list(archives.names(archive)) == ["notes.txt", *NAMES]
    assert [name for name, _ in archives.images(archive)] == NAMES
    assert archives.count(archive) == 4


def test_a_damaged_member_is_a_row_and_the_others_are_read(archive: str) -> None:
    data = bytearray(Path(archive).read_bytes())
    with zipfile.ZipFile(archive) as file:
        data[file.getinfo(NAMES[1]).header_offset + 60] ^= 255
    Path(archive).write_bytes(data)
    found = dict(archives.images(archive))
    assert isinstance(found[NAMES[1]], DecodeError)
    assert [found[name] for name in (NAMES[0], NAMES[2])] == [encoded(noise(0)), encoded(noise(2))]


def test_links_and_giants_are_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regular, "MAX_BYTES", 1 << 20)
    path = str(write_zip(tmp_path / "c.zip", {"1.png": bytes(2 << 20)}))
    with zipfile.ZipFile(path, "a") as file:
        link = zipfile.ZipInfo("2.png")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "1.png")
    (_, large), (_, linked) = archives.images(path)
    assert isinstance(large, DecodeError)
    assert "more than the 1 MiB" in large.problem
    assert isinstance(linked, DecodeError)
    assert "a link, not a file" in linked.problem


def test_what_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"no archive" * 99)
    with pytest.raises(SourceError, match=r"a\.zip: the archive cannot be read"):
        open_container(str(path))
    ((name, problem),) = archives.images(str(path))
    assert name == ""
    assert isinstance(problem, DecodeError)
    assert archives.count(str(path)) == 1
