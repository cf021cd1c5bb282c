import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemascope.data.containers.open import open_container
from hemascope.errors import SourceError
from tests.data.pictures import noise

IMAGES = np.stack([noise(i) for i in range(6)])


def write_parquet(path: Path, cells: list, row_group_size: int = 2) -> None:
    table = pa.table({"image": cells, "label": list(range(len(cells)))})
    pq.write_table(table, path, row_group_size=row_group_size)


def test_what_is_no_container(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text(json.dumps({}))
    with pytest.raises(SourceError, match="not a readable Parquet"):
        open_container(str(tmp_path / "a.parquet"))
    with pytest.raises(SourceError, match="not a container"):
        open_container("/a.rar")
