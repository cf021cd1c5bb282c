"""The Manifest: the one table of a data set, a row an image."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hemascope.data.containers.parquet import check_manifest, read_columns
from hemascope.errors import SourceError
from hemascope.files import atomic

FORMAT_VERSION = 1
SPLITS = ("train", "val", "test")
VERDICTS = ("keep", "review", "relabel", "drop")
"""What an audit says of an image, the strictest last. A row of ``relabel`` has its new label."""

COLUMNS = {
    "path": "str",  # the image file, the file that contains it, or synthetic://SEED
    "member": "str",  # where in that file: "train_images/12", a tar member's name; "" for an image file
    "label": "str",  # class name, "" where unlabelled
    "split": "str",  # train, val, test, or "" where the source names none
    "laboratory": "str",  # where the slide was made and photographed, "" where the source names none
    "group": "int64",  # images of one group never fall on both sides of a split; -1: a group of its own
    "verdict": "str",  # one of VERDICTS
    "error": "str",  # why the image cannot be used, "" where it can
}


@dataclass(frozen=True)
class Manifest:
    """A data set as a table, with what belongs to the whole of it.

    Attributes:
        table: one row an image, columns as in ``COLUMNS``, index 0 .. n-1.
        classes: class names in label order.
        name: the data set's name, for reports and model cards.
        licence: its licence, "" where unknown.
        attribution: whom to name when a model trained on it is passed on, "" where unknown.
        spelt: a spelling of each class as the source has it, by which classes of several sources are told apart.
    """

    table: pd.DataFrame
    classes: tuple[str, ...]
    name: str = ""
    licence: str = ""
    attribution: str = ""
    spelt: tuple[str, ...] = ()

    @classmethod
    def build(
        cls,
        paths: Sequence[str],
        labels: Sequence[str],
        classes: Sequence[str],
        *,
        members: Sequence[str] | None = None,
        splits: Sequence[str] | None = None,
        laboratories: Sequence[str] | None = None,
        errors: Sequence[str] | None = None,
        name: str = "",
        licence: str = "",
        attribution: str = "",
        spelt: Sequence[str] = (),
    ) -> "Manifest":
        """Make a Manifest from columns; what is not given gets its neutral value."""
        n = len(paths)
        table = pd.DataFrame(
            {
                "path": list(paths),
                "member": list(members) if members is not None else [""] * n,
                "label": list(labels),
                "split": list(splits) if splits is not None else [""] * n,
                "laboratory": list(laboratories) if laboratories is not None else [""] * n,
                "group": np.full(n, -1, np.int64),
                "verdict": ["keep"] * n,
                "error": list(errors) if errors is not None else [""] * n,
            }
        ).astype(COLUMNS)
        return cls(table, tuple(classes), name, licence, attribution, tuple(spelt))

    def __len__(self) -> int:
        return len(self.table)

    @property
    def usable(self) -> pd.Series:
        """True for every row that may be trained on or scored: decodable and not dropped."""
        return (self.table["error"] == "") & (self.table["verdict"] != "drop")

    def known(self, classes: Sequence[str] | None = None) -> pd.Series:
        """True for every usable row whose label is one of the classes: of the Manifest, or those of a model."""
        return self.usable & self.table["label"].isin(self.classes if classes is None else classes)

    def part(self, *names: str) -> np.ndarray:
        """True, bool (n,), for the rows of some splits that can be trained on or scored: usable and of a known class.

        >>> manifest = Manifest.build(["1.png", "2.png"], ["a", "b"], ("a", "b"), splits=["train", "val"])
        >>> manifest.part("val").tolist(), manifest.part("train", "val").tolist()
        ([False, True], [True, True])
        """
        return (self.known() & self.table["split"].isin(names)).to_numpy()

    def in_split(self, name: str) -> "Manifest":
        """Only the rows of one split, usable or not; all of them where ``name`` is "".

        Raises:
            SourceError: it has none.
        """
        if not name:
            return self
        chosen = (self.table["split"] == name).to_numpy()
        if not chosen.any():
            raise SourceError(
                f"{self.name or 'the source'}: no image is in the split {name!r}", "Leave out the split to use all."
            )
        return self.rows(chosen)

    @property
    def ids(self) -> pd.Series:
        """A unique name an image: ``path``, or ``path#member`` inside a container."""
        table = self.table
        return table["path"].where(table["member"] == "", table["path"] + "#" + table["member"])

    @property
    def laboratories(self) -> tuple[str, ...]:
        """Names of the laboratories that have usable labelled images, in order of the alphabet."""
        return tuple(sorted(set(self.table["laboratory"][self.known()]) - {""}))

    def targets(self) -> np.ndarray:
        """Class numbers, int64 (n,); -1 where unlabelled."""
        numbers = {name: i for i, name in enumerate(self.classes)}
        return self.table["label"].map(lambda label: numbers.get(label, -1)).to_numpy(np.int64)

    def with_columns(self, **columns: Sequence[object] | np.ndarray | pd.Series) -> "Manifest":
        """A copy with some columns replaced."""
        table = self.table.assign(**{name: np.asarray(values) for name, values in columns.items()})
        return replace(self, table=table.astype(COLUMNS))

    def rows(self, keep: np.ndarray | pd.Series) -> "Manifest":
        """A copy with only the rows chosen by a mask or by positions, in order."""
        chosen = np.asarray(keep)
        table = self.table[chosen] if chosen.dtype == bool else self.table.iloc[chosen]
        return replace(self, table=table.reset_index(drop=True))

    def counts(self) -> pd.DataFrame:
        """Usable images by class (rows, in label order) and split (columns)."""
        table = self.table[self.usable]
        counted = pd.crosstab(table["label"], table["split"])
        present = [split for split in (*SPLITS, "") if split in counted.columns]
        return counted.reindex(index=list(self.classes), columns=present, fill_value=0)

    def write(self, path: Path) -> None:
        """Write as Parquet, whole or not at all."""
        table = pa.Table.from_pandas(self.table, preserve_index=False)
        about = {
            "hemascope.format_version": str(FORMAT_VERSION),
            "hemascope.classes": "\n".join(self.classes),
            "hemascope.name": self.name,
            "hemascope.licence": self.licence,
            "hemascope.attribution": self.attribution,
            "hemascope.spelt": "\n".join(" ".join(text.split()) for text in self.spelt),
        }
        with atomic(path) as temporary:
            pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **about}), temporary)

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """Read what `write` wrote.

        Raises:
            SourceError: not a Manifest, a damaged one, or one of a newer format.
        """
        table = read_columns(path)
        about = {
            key.decode(errors="replace"): value.decode(errors="replace")
            for key, value in (table.schema.metadata or {}).items()
        }
        version = about.get("hemascope.format_version", "0")
        if version not in map(str, range(1, FORMAT_VERSION + 1)):
            raise SourceError(
                f"{path}: format {version} of a manifest is not known here (known: up to {FORMAT_VERSION})",
                "Use the hemascope version that wrote it, or a newer one.",
            )
        if "laboratory" not in table.column_names:  # release 0.1.0 names none
            table = table.append_column("laboratory", pa.array([""] * len(table)))
        check_manifest(table.schema, path)
        # Without the metadata, which would tell pandas of an index.
        frame = table.select(list(COLUMNS)).replace_schema_metadata(None).to_pandas()
        for name, valid in {"verdict": VERDICTS, "split": (*SPLITS, "")}.items():
            strange = set(frame[name].dropna()) - set(valid)
            if strange:
                raise SourceError(f"{path}: a damaged manifest: it has the {name} {min(strange)!r}", "Write it again.")
        if frame.isna().to_numpy().any():
            raise SourceError(f"{path}: a damaged manifest: some of its cells are empty", "Write it again.")
        classes = tuple(filter(None, about.get("hemascope.classes", "").split("\n")))
        name, licence, attribution = (about.get(f"hemascope.{key}", "") for key in ("name", "licence", "attribution"))
        spelt = tuple(filter(None, about.get("hemascope.spelt", "").split("\n")))
        return cls(frame.astype(COLUMNS), classes, name, licence, attribution, spelt)
