"""What is read from a real S3 server and from the web is what the same files on this machine give."""

import io
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.errors import DecodeError, SourceError
from hemascope.predict.cut import cut
from hemascope.predict.items import check, count, items, read_ahead
from hemascope.predict.worker import Reader
from tests.predict.pictures import encoded, write_tar

LABELS = ("basophil", "eosinophil")


@pytest.fixture
def local(tmp_path):
    """A folder of every kind of source."""
    for label in LABELS:
        for number in (1, 2, 10):
            path = tmp_path / "cells" / label / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded(label, 16, 16 + number))
    (tmp_path / "cells" / "basophil.png").write_bytes(encoded("basophil"))  # sorts after the folder, as a key before
    (tmp_path / "cells" / ".hidden.png").write_bytes(b"no picture")
    members = {f"{label}/{number}.png": encoded(label, 16, 16 + number) for label in LABELS for number in (1, 2)}
    write_tar(tmp_path / "set.tar", members)
    write_tar(tmp_path / "set.tar.gz", members)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    images = np.arange(4 * 8 * 8 * 3, dtype=np.uint8).reshape(4, 8, 8, 3)
    np.savez(tmp_path / "set.npz", images=images, labels=[0, 1, 0, 1])
    np.savez_compressed(tmp_path / "packed.npz", images=images, labels=[0, 1, 0, 1])
    table = pa.table({"image": list(members.values()), "label": [name.partition("/")[0] for name in members]})
    pq.write_table(table, tmp_path / "set.parquet", row_group_size=2)
    lines = ["path,label", "cells/basophil/1.png,a", "set.tar#eosinophil/1.png,b", "set.npz#images/2,b"]
    (tmp_path / "set.csv").write_text("\n".join([*lines, "../{}/set.zip#basophil/2.png,a".format("tables"), ""]))
    return tmp_path


def fill(local, put):
    for path in sorted(local.rglob("*")):
        if path.is_file():
            put(path.relative_to(local).as_posix(), path.read_bytes())


def seen(source, root):
    """Names below the root, and pixels."""
    found = [(item.path.removeprefix(f"{root}/"), item.pixels()) for item in read_ahead(items([source]))]
    return [name for name, _ in found], [pixels.tobytes() for _, pixels in found]


def rows(source, root):
    manifest = open_source(source)
    names = [name.removeprefix(f"{root}/") for name in manifest.ids]
    pixels = [image.tobytes() for _, image in read_images(manifest, 2)]
    return names, list(manifest.table["label"]), manifest.classes, manifest.name, pixels


def read_all(source):
    check([source])
    for item in items([source]):
        item.pixels()


SOURCES = ["cells", "cells/*/1*.png", "**/1*.png", "*/eos*", "set.tar", "set.tar.gz", "set.zip", "set.npz",
           "packed.npz", "set.parquet"]  # fmt: skip


def test_s3_gives_what_the_disk_gives(local, bucket):
    fill(local, lambda name, data: bucket.put(f"tables/{name}", data))
    root = f"{bucket.url}/tables"
    for source in SOURCES:
        check([f"{root}/{source}"])
        assert seen(f"{root}/{source}", root) == seen(f"{local}/{source}", local), source
        assert count([f"{root}/{source}"]) in (count([f"{local}/{source}"]), None)
    for source in ("cells/", "cells/*/*.png", "set.tar", "set.npz", "set.parquet"):
        assert rows(f"{root}/{source}", root) == rows(f"{local}/{source}", local), source
    (part,), (packed,) = (list(cut([f"{root}/{name}.npz"])) for name in ("set", "packed"))
    assert [(entry.member, entry.picture) for entry in part.entries] == [(f"images/{row}", None) for row in range(4)]
    assert all(isinstance(entry.picture, np.ndarray) for entry in packed.entries)  # what only the driver can read
    assert [item.pixels().tobytes() for item in Reader().items(part)] == seen(f"{local}/set.npz", local)[1]


def test_a_table_leads_beside_itself_and_anywhere(local, bucket, web):
    fill(local, lambda name, data: bucket.put(f"tables/{name}", data))
    web.files["/a b.png"] = encoded("basophil")
    there = (local / "set.csv").read_text() + f"{web.url}/a%20b.png,b\n"
    bucket.put("tables/set.csv", there.encode())
    (local / "here.csv").write_text("path,label\n" + "".join(
        f"{bucket.url}/tables/{line}\n" for line in there.splitlines()[1:4]))  # fmt: skip
    names, pixels = seen(f"{bucket.url}/tables/set.csv", f"{bucket.url}/tables")
    assert names == ["cells/basophil/1.png", "set.tar#eosinophil/1.png", "set.npz#images/2", "set.zip#basophil/2.png",
                     f"{web.url}/a%20b.png"]  # fmt: skip
    assert rows(f"{bucket.url}/tables/set.csv", f"{bucket.url}/tables")[4] == pixels
    assert seen(str(local / "here.csv"), f"{bucket.url}/tables") == (names[:3], pixels[:3])


def test_the_web_gives_what_the_disk_gives(local, web):
    fill(local, lambda name, data: web.files.__setitem__(f"/sets/{name}", data))
    root = f"{web.url}/sets"
    for source in ("cells/", "cells/*/1*.png", "set.tar", "set.zip", "set.npz", "set.parquet", "cells/basophil/1.png"):
        assert seen(f"{root}/{source}", root) == seen(f"{local}/{source}", local), source
    assert rows(f"{root}/cells/", root)[:3] == rows(f"{local}/cells", local)[:3]


def test_an_archive_is_read_in_parts_and_only_as_far_as_it_is_wanted(bucket):
    packed = io.BytesIO()
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(40):
            archive.writestr(f"{number:02}.png", encoded("basophil") + rng.bytes(1 << 20))
    bucket.put("large.zip", packed.getvalue())
    found = items([f"{bucket.url}/large.zip"])
    assert next(found).path.endswith("00.png")
    found.close()
    read = {start for path, start in bucket.proxy.ranges if path.endswith("large.zip")}
    assert 2 <= len(read) <= 12
    assert len(read) == len(bucket.proxy.ranges)  # none twice


def test_what_is_not_there_says_so(bucket, web, tmp_path):
    web.files["/there.png"] = encoded("basophil")
    for source, says in {
        f"{bucket.url}/none.png": "no such file",
        f"{bucket.url}/none/": "no such file",
        "s3://no-bucket-of-this-name/1.png": "no such",
        f"{web.url}/none.tar": "no such file",
        "http://127.0.0.1:9/1.png": "cannot be reached",
        "ftp://host/1.png": "no way to ftp://",
    }.items():
        with pytest.raises(SourceError, match=says) as caught:
            read_all(source)
        assert caught.value.remedy
        assert source.rstrip("/") in str(caught.value)
    (tmp_path / "a.csv").write_text(f"path\n{bucket.url}/gone.png\n{web.url}/there.png\n{web.url}/gone.png\n")
    first, there, last = read_ahead(items([str(tmp_path / "a.csv")]))
    assert there.pixels().shape[2] == 3
    for item in (first, last):
        with pytest.raises(DecodeError, match=r"no such file or folder \(Check the URL\)"):
            item.pixels()
