"""The bench file: which recipes to run, on what, and what a report says of each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hemascope.data import plain_yaml
from hemascope.errors import RecipeError, did_you_mean
from hemascope.evaluate.compare.hidden import Hidden
from hemascope.train.recipe_files import explain, flat

Table = Literal["submissions", "metrics", "local_tta"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Row(_Part):
    """One training of a bench, and the figure that it is set beside.

    Attributes:
        set: keys of the recipe, nested or with dots, and their values; those of the file are in it after reading.
    """

    name: str = Field(min_length=1, description="unique in the file; its folder is called so")
    net: str = Field("", description="the network's name as the report has it; default: name")
    recipe: str = Field("standard", description="a shipped recipe, or a YAML file beside this one")
    set: dict[str, Any] = Field(default_factory=dict, description="changes of the recipe")
    run: Path | None = Field(None, description="a finished Run to take instead of training one")
    table: Table = Field("submissions", description="the table that the row belongs to")
    report: float | dict[str, float] | None = Field(None, description="the report's own figure or figures, 0 .. 1")
    notes: str = Field("", description="what the report says of the row")

    @property
    def label(self) -> str:
        """The network's name for readers."""
        return self.net or self.name


class HiddenImages(_Part):
    """How the stand-in of a hidden set is made; see `hemascope.evaluate.compare.hidden.Hidden`."""

    side: int = Field(128, ge=28)
    copies: int = Field(2, ge=1)
    seed: int = Field(0, ge=0)

    def settings(self) -> Hidden:
        """The same for the evaluation."""
        return Hidden(self.side, self.copies, self.seed)


class Bench(_Part):
    """A bench file.

    >>> Bench(title="two", rows=[{"name": "a"}, {"name": "b", "set": {"epochs": 1}}]).rows[1].set
    {'epochs': 1}
    """

    title: str
    note: str = Field("", description="what a reader must know before trusting the scores")
    source: str = Field("synthetic", description="labelled images")
    images: int | None = Field(None, ge=1, description="use about so many of them, every class its share")
    held_out: float | str = Field(
        0.1, description="share of the images, or name of a split, that no row trains on and every row is scored on"
    )
    seed: int = Field(0, ge=0, description="of the choice of images and of what is held out")
    hidden: HiddenImages = HiddenImages()
    tta_steps: int = Field(8, ge=2, le=40, description="views that test-time augmentation averages over")
    fallback: Literal["refuse", "scratch"] = Field(
        "refuse", description="what a row does whose pretrained weights cannot be had: fail, or train from scratch"
    )
    rows: tuple[Row, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _checks(self) -> "Bench":
        names = [row.name for row in self.rows]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"rows of the same name: {', '.join(twice)}; call each otherwise")
        if isinstance(self.held_out, float) and not 0 < self.held_out < 1:
            raise ValueError(f"held_out must be a share between 0 and 1 or a split's name, not {self.held_out:g}")
        return self


_LAYERS = ("base", "set", "set_rows")


def load_bench(path: Path, *, source: str = "") -> Bench:
    """Read a bench file.

    Beside the keys of `Bench` it may have ``set``, changes for every row; ``base``, another bench file whose keys and
    rows it takes over and changes; and ``set_rows``, changes for single rows by name. Of one file a row's own
    ``set`` wins over the common one, and a file wins over its base.

    Args:
        path: the YAML file.
        source: labelled images to use instead of the file's.

    Raises:
        RecipeError: no such file, bad YAML, or a key or value that is not valid, with the nearest valid key.
    """
    values = _merged(path)
    if source:
        values["source"] = source
    try:
        return Bench.model_validate(values)
    except ValidationError as problem:
        raise RecipeError(f"{path}: {'; '.join(explain(error, Bench) for error in problem.errors())}") from problem


def _merged(path: Path) -> dict[str, Any]:
    values = _read(path)
    base, common, single = (values.pop(key, None) for key in _LAYERS)
    for key, part in (("set", common), ("set_rows", single)):
        if part is not None and not isinstance(part, Mapping):
            raise RecipeError(f"{path}: {key} wants keys and values, not a {type(part).__name__}")
    inherited = base is not None and "rows" not in values
    if base is not None:
        values = {**_merged(path.parent / str(base)), **values}
    rows = values.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        return values  # pydantic says what is wrong with it
    names = [str(row.get("name")) for row in rows]
    for name in single or {}:
        if name not in names:
            raise RecipeError(f"{path}: set_rows names {name!r}, which is no row.{did_you_mean(str(name), names)}")
    values["rows"] = [
        {
            **row,
            "recipe": _beside(path, str(row.get("recipe", "standard"))),
            "set": _layered(inherited, row.get("set"), common, (single or {}).get(row.get("name"))),
        }
        for row in rows
    ]
    return values


def _layered(inherited: bool, own: Any, common: Any, single: Any) -> dict[str, Any]:
    order = (own, common, single) if inherited else (common, own, single)
    found: dict[str, Any] = {}
    for layer in order:
        found |= flat(layer or {})
    return found


def _beside(path: Path, recipe: str) -> str:
    own = path.parent / recipe
    return str(own) if recipe.endswith((".yaml", ".yml")) and own.is_file() else recipe


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise RecipeError(f"{path}: no such bench file", "benchmarks/report.yaml is one.")
    values = plain_yaml.read(path)
    if not isinstance(values, dict):
        raise RecipeError(f"{path}: a bench file is a list of keys and values, not a {type(values).__name__}")
    return values
