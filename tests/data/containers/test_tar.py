import gzip
import io
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from hemascope.data import regular
from hemascope.data.containers import tar
from hemascope.data.containers.open import open_container
from hemascope.data.containers.tar import Tar
from hemascope.errors import DecodeError, SourceError
from tests.data.pictures import encoded, noise
from tests.predict.pictures import write_tar

NAMES = [f"a/{number}.png" for number in range(6)]


@pytest.fixture(params=["c.tar", "c.tar.gz", "c.tar.xz"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    members = {name: encoded(noise(number)) for number, name in enumerate(NAMES)}
    return str(write_tar(tmp_path / request.param, {"notes.txt": b"", **members, "b/.x.png": b""}))


@pytest.mark.parametrize("order", [range(6), (5, 0, 3, 3, 1)])
def test_members_in_any_order(archive: str, order) -> None:
    container = open_container(archive)
    assert isinstance(container, Tar)
    jobs = [container.job(NAMES[number]) for number in order]
    container.close()
    for number, job in zip(order, jobs, strict=True):
        np.testing.assert_array_equal(job(), noise(number))


def test_a_member_that_is_not_there(archive: str) -> None:
    container = open_container(archive)
    with pytest.raises(DecodeError, match=r"c\.tar.*#a/9\.png: no such file in the archive"):
        container.job("a/9.png")
    np.testing.assert_array_equal(container.job(NAMES[2])(), noise(2))
    container.close()


def test_names_are_those_of_the_visible_files(archive: str) -> None:
    assert list(tar.names(archive)) == ["notes.txt", *NAMES]
    assert [name for name, _ in tar.images(archive)] == NAMES


def test_a_broken_off_archive_is_refused_or_gives_what_comes_before(archive: str) -> None:
    path = Path(archive)
    path.write_bytes(path.read_bytes()[: 4500 if path.suffix == ".tar" else path.stat().st_size // 2])
    with pytest.raises(SourceError, match="the archive cannot be read"):
        list(tar.names(archive))
    if path.suffix == ".tar":
        container = open_container(archive)
        np.testing.assert_array_equal(container.job(NAMES[0])(), noise(0))
        container.close()


def test_what_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"no archive" * 99)
    with pytest.raises(SourceError, match=r"a\.tar: the archive cannot be read"):
        open_container(str(tmp_path / "a.tar"))


def test_links_in_an_archive_are_rows_that_say_so(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "c.tar", "w") as archive:
        data = encoded(noise(0))
        for name, kind in (("1.png", tarfile.REGTYPE), ("2.png", tarfile.LNKTYPE), ("3.png", tarfile.SYMTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "1.png" if kind != tarfile.REGTYPE else ""
            member.size = len(data) if kind == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(data))
    path = str(tmp_path / "c.tar")
    _, *links = tar.images(path)
    assert tar.count(path) == 3
    container = open_container(path)
    for name, problem in links:
        assert isinstance(problem, DecodeError)
        assert "a link to '1.png', not a file" in problem.problem
        with pytest.raises(DecodeError, match=r"a link to '1\.png'"):
            container.job(name)
    container.close()


def test_a_member_too_large_for_a_picture_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regular, "MAX_BYTES", 1 << 20)
    path = str(write_tar(tmp_path / "c.tar.gz", {"1.png": bytes(2 << 20), "2.png": encoded(noise(0))}))
    (_, problem), (_, good) = tar.images(path)
    assert isinstance(problem, DecodeError)
    assert "more than the 1 MiB" in problem.problem
    assert good == encoded(noise(0))


def compressed(path: Path, *blocks: bytes) -> str:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for block in blocks:
            file.write(block)
    return str(path)


def member(name: str, kind: bytes, size: int, content: bytes = b"") -> bytes:
    about = tarfile.TarInfo(name)
    about.type, about.size = kind, size
    return about.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % tarfile.BLOCKSIZE)


def pax(content: bytes) -> bytes:
    return member("global", tarfile.XGLTYPE, len(content), content)


GOOD = member("a/0.png", tarfile.REGTYPE, len(encoded(noise(0))), encoded(noise(0)))
MIB = bytes(1 << 20)
BOMBS = {
    "a name of 20 MiB": [member("././@LongLink", tarfile.GNUTYPE_LONGNAME, 20 << 20), *[MIB] * 20],
    "names inside names": [member("././@LongLink", tarfile.GNUTYPE_LONGNAME, 512, bytes(512))] * 3000,
    "attributes of all": [pax(b"30014 k%06d=" % i + b"x" * 30_000 + b"\n") for i in range(300)],
    "the map of a sparse file": [
        member("x", b"x", 44, b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"),
        member("a/1.png", tarfile.REGTYPE, 4 << 20, b"99999999\n" + b"0\n" * 2_000_000),
    ],
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_header_that_unpacks_to_much_ends_the_archive_after_what_was_good(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tar, "_HEADER", 100_000)
    path = compressed(tmp_path / "bomb.tar.gz", GOOD, *BOMBS[name], GOOD, bytes(10240))
    first, last = tar.images(path)
    assert first == ("a/0.png", encoded(noise(0)))
    assert last[0] == ""
    assert isinstance(last[1], DecodeError)
    assert "(after 1 images)" in str(last[1])


def test_a_large_member_is_a_row_and_its_bytes_are_never_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regular, "MAX_BYTES", 4 << 20)
    large = member("a/1.png", tarfile.REGTYPE, 40 << 20)
    path = compressed(tmp_path / "bomb.tar.gz", GOOD, large, *[MIB] * 40, GOOD, bytes(10240))
    tracemalloc.start()
    found = dict(tar.images(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "40 MiB are more than the 4 MiB of a picture" in str(found["a/1.png"])
    assert isinstance(found["a/0.png"], bytes)
    assert peak < 20 << 20  # one read of what is packed can be of 10 MB
