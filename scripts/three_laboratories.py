"""Write the tables from which the shipped models are trained: three laboratories, of two of them a part kept apart.

    python scripts/three_laboratories.py PBC CHULA BCCD -o FOLDER

PBC holds train/ and val/, the others are class folders. FOLDER/laboratories.csv (path, label, laboratory, split) is
what `hemascope train FOLDER/laboratories.csv -r laboratories` reads; chula.csv and bccd.csv hold the parts kept apart
for scores: of Chula's slides, sorted by name, the first and every fifth after it; of BCCD's fields those whose
number is a multiple of five.
"""

import argparse
import csv
import re
from pathlib import Path

from hemascope.data.sources import open_source


def slide(name: str) -> str:
    """The slide that an image of Chula was cut from: its name before the number of four digits.

    >>> slide("HF-M-8_0037_0.jpg")
    'HF-M-8'
    """
    return re.sub(r"_\d{4}_.*", "", name)


def rows(folder: Path, laboratory: str, split: str) -> list[list[str]]:
    """Path, label, laboratory and split of a class folder's images."""
    table = open_source(folder).table
    pairs = zip(table["path"], table["label"], strict=True)
    return [[str(folder.resolve() / path), label, laboratory, split] for path, label in pairs]


def write(path: Path, table: list[list[str]]) -> None:
    """A CSV with a head."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["path", "label", "laboratory", "split"], *table])
    print(f"{path}: {len(table):,} images")


def main() -> None:
    """Divide and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pbc", type=Path)
    parser.add_argument("chula", type=Path)
    parser.add_argument("bccd", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    chula, bccd = rows(options.chula, "Chula", "train"), rows(options.bccd, "BCCD", "train")
    apart = sorted({slide(Path(row[0]).name) for row in chula})[::5]
    for row in chula:
        row[-1] = "val" if slide(Path(row[0]).name) in apart else "train"
    for row in bccd:
        row[-1] = "val" if int(Path(row[0]).name.split("_")[1][:5]) % 5 == 0 else "train"
    pbc = [row for split in ("train", "val") for row in rows(options.pbc / split, "PBC", split)]
    options.output.mkdir(parents=True, exist_ok=True)
    write(options.output / "laboratories.csv", [*pbc, *chula, *bccd])
    for name, table in (("chula", chula), ("bccd", bccd)):
        write(options.output / f"{name}.csv", [row for row in table if row[-1] == "val"])


if __name__ == "__main__":
    main()
