"""The table of predictions as a pandas DataFrame, where pandas is installed."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from hemascope.errors import HemascopeError
from hemascope.predict import rows
from hemascope.predict.output import read_rows
from hemascope.predict.rows import Layout
from hemascope.predict.stream import Block

if TYPE_CHECKING:
    import pandas as pd


def require_pandas() -> None:
    """Make sure that there is pandas, before anything is classified.

    Raises:
        HemascopeError: there is none; names the extra to install.
    """
    if find_spec("pandas") is None:
        raise HemascopeError("a DataFrame needs pandas, which is not installed", 'pip install "hemascope[audit]"')


def as_frame(blocks: Iterable[Block], layout: Layout) -> pd.DataFrame:
    """The rows of blocks, one after another: text and flags have None where there is no value, numbers NaN."""
    schema = rows.schema(layout, {})
    table = pa.Table.from_batches([rows.to_arrow(block, schema) for block in blocks], schema)
    return table.replace_schema_metadata().to_pandas()  # the metadata are of no use to pandas


def read_frame(output: Path) -> pd.DataFrame:
    """The rows of a finished output, in the same columns."""
    found = list(read_rows(output))
    schema = rows.schema(Layout.of_columns(list(found[0])), {})
    return pa.Table.from_pylist(found, schema).replace_schema_metadata().to_pandas()
