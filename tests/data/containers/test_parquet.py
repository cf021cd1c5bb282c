from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemascope.data.containers.open import open_container
from hemascope.data.containers.parquet import count, images, read_schema
from hemascope.errors import DecodeError, SourceError
from tests.data.pictures import encoded, noise, write_png

IMAGES = np.stack([noise(i) for i in range(6)])


def write_parquet(path: Path, cells: list, row_group_size: int = 2) -> None:
    table = pa.table({"image": cells, "label": list(range(len(cells)))})
    pq.write_table(table, path, row_group_size=row_group_size)


@pytest.mark.parametrize("struct", [True, False])
def test_parquet_members_across_row_groups(tmp_path: Path, struct: bool) -> None:
    data = [encoded(image) for image in IMAGES]
    write_parquet(tmp_path / "a.parquet", [{"bytes": d, "path": None} for d in data] if struct else data)
    container = open_container(str(tmp_path / "a.parquet"))
    for row in (0, 1, 2, 5, 3, 0):
        np.testing.assert_array_equal(container.job(f"image/{row}")(), IMAGES[row])
    with pytest.raises(DecodeError, match="fewer rows"):
        container.job("image/6")
    container.close()


def test_a_column_whose_name_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(path, [b""])
    path.write_bytes(path.read_bytes().replace(b"label", b"\x80abel"))
    with pytest.raises(SourceError, match=r"a\.parquet: not a readable Parquet file \('utf-8' codec"):
        read_schema(path)


def test_parquet_cells_without_bytes(tmp_path: Path) -> None:
    write_png(tmp_path / "beside.png", IMAGES[0])
    cells = [{"bytes": None, "path": "beside.png"}, {"bytes": None, "path": None}, None]
    write_parquet(tmp_path / "a.parquet", pa.array(cells, pa.struct([("bytes", pa.binary()), ("path", pa.string())])))
    container = open_container(str(tmp_path / "a.parquet"))
    np.testing.assert_array_equal(container.job("image/0")(), IMAGES[0])
    for row in (1, 2):
        with pytest.raises(DecodeError, match=r"a\.parquet#image/.: no image in this row"):
            container.job(f"image/{row}")


def test_all_images_in_turn(tmp_path: Path) -> None:
    write_png(tmp_path / "beside.png", IMAGES[0])
    cells = [{"bytes": encoded(image), "path": None} for image in IMAGES]
    cells += [{"bytes": None, "path": "beside.png"}, {"bytes": None, "path": None}]
    path = str(tmp_path / "a.parquet")
    write_parquet(Path(path), cells)
    *found, beside, missing = images(path)
    assert [name for name, _ in found] == [f"image/{row}" for row in range(6)]
    assert [data for _, data in found] == [cell["bytes"] for cell in cells[:6]]
    assert beside == ("image/6", tmp_path / "beside.png")
    assert "image/7: no image in this row" in str(missing[1])
    assert count(path) == 8


def test_other_tables_have_no_images(tmp_path: Path) -> None:
    pq.write_table(pa.table({"image": ["text"]}), tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="column 'image' is string"):
        list(images(str(tmp_path / "a.parquet")))
    pq.write_table(pa.table({"picture": [b""]}), tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="no column 'image'"):
        list(images(str(tmp_path / "a.parquet")))
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    assert count(str(tmp_path / "a.parquet")) is None
