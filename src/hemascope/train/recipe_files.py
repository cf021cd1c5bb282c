"""Finding, reading, overriding and writing recipes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from hemascope.augment.policy import NAMED, Policy
from hemascope.data import plain_yaml
from hemascope.errors import RecipeError, did_you_mean
from hemascope.files import write_text
from hemascope.train.recipe import Recipe

_SHIPPED = resources.files("hemascope.recipes")
_SUFFIXES = (".yaml", ".yml")


TRAIN, TRAIN_DETECTOR = "train", "train-detector"
"""The commands that recipes are of."""

M = TypeVar("M", bound=BaseModel)


def shipped(command: str = TRAIN) -> dict[str, str]:
    """The shipped recipes of a command: name -> the comment at the head of its file, whose last line is the command."""
    return dict(sorted((name, head) for name, head in _heads() if _command(head) == command))


def load_recipe(recipe: str | Path | Recipe, changes: Iterable[str] | Mapping[str, Any] = ()) -> Recipe:
    """Read a shipped recipe by name, or a YAML file, and change some of its keys.

    Args:
        recipe: a name, a path that ends in .yaml or .yml, or a Recipe, which is changed in a copy.
        changes: what ``--set`` takes, ``key=value`` each; or keys, with dots or nested, and their values.

    Raises:
        RecipeError: no such recipe, bad YAML, or a key or value that is not valid, with the nearest valid key.

    >>> load_recipe("quick", ["optimizer.learning_rate=0.002", "epochs=1"]).epochs
    1
    >>> load_recipe("quick", {"optimizer.learning_rate": 0.002, "head": {"dropout": 0.1}}).head.dropout
    0.1
    """
    return load_as(Recipe, recipe, changes)


def load_as(
    model: type[M], recipe: str | Path | M, changes: Iterable[str] | Mapping[str, Any] = (), command: str = TRAIN
) -> M:
    """Read a recipe of another command, otherwise as `load_recipe`.

    Args:
        model: what its keys are.
        recipe: a name, a path, or one that is read already.
        changes: of its keys.
        command: that it is of.
    """
    values, origin = _values(recipe, command)
    for key, value in _pairs(changes):
        _change(values, key, value)
    try:
        return model.model_validate(values)
    except ValidationError as problem:
        raise RecipeError(f"{origin}: {'; '.join(explain(error, model) for error in problem.errors())}") from problem


def load_policy(name: str | Path, also: Sequence[str] = ()) -> Policy:
    """An augmentation policy by its name, or the ``augment`` of a recipe: a shipped one by its name, or a YAML file.

    Args:
        name: of the policy, or name or path of the recipe.
        also: what else may stand in its place, for the error.

    Raises:
        RecipeError: no such policy, or a recipe that cannot be read.

    >>> load_policy("wide").zoom, load_policy("demo").zoom
    (1.25, 1.15)
    """
    if str(name) in NAMED:
        return Policy.model_validate(str(name))
    recipes = list(shipped())
    if str(name) in recipes or Path(name).suffix in _SUFFIXES:
        return load_recipe(name).augment
    names = [*NAMED, *also]
    raise RecipeError(
        f"{str(name)!r} is no policy",
        f"Name one of {', '.join(names)}, or a recipe: {', '.join(recipes)} or a .yaml file."
        f"{did_you_mean(str(name), [*names, *recipes])}",
    )


def write_recipe(recipe: BaseModel, path: Path, about: Iterable[str] = ()) -> None:
    """Write every key of ``recipe`` as YAML, below comments, whole or not at all.

    Args:
        recipe: what to write.
        path: of the file.
        about: lines of the comment.
    """
    write_text(path, "".join(f"# {line}\n" for line in about) + as_yaml(recipe))


def as_yaml(recipe: BaseModel) -> str:
    """Every key of a recipe.

    >>> as_yaml(load_recipe("quick")).splitlines()[0]
    'name: quick'
    """
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False)


def _heads() -> Iterator[tuple[str, str]]:
    for file in _SHIPPED.iterdir():
        if file.name.endswith(".yaml"):
            lines = file.read_text("utf-8").splitlines()
            head = [
                line.lstrip("# ") for line in lines[: next(i for i, s in enumerate(lines) if not s.startswith("#"))]
            ]
            yield file.name.removesuffix(".yaml"), "\n".join(head)


def _command(head: str) -> str:
    """The command that the head of a recipe ends with: ``hemascope COMMAND SOURCE --recipe NAME``."""
    return (*head.splitlines()[-1].split(), "", "")[1]


def _values(recipe: str | Path | BaseModel, command: str) -> tuple[dict[str, Any], str]:
    """The keys of a recipe, and what to call it in an error."""
    if isinstance(recipe, BaseModel):
        values = recipe.model_dump(mode="json")
        return values, f"recipe {values.get('name')}"
    read, origin = _read(recipe, command)
    values = {} if read is None else read
    if not isinstance(values, dict):
        raise RecipeError(f"{origin}: a recipe is a list of keys and values, not a {type(values).__name__}")
    values.setdefault("name", Path(str(recipe)).stem)
    return values, origin


def _read(name_or_path: str | Path, command: str) -> tuple[Any, str]:
    name, path = str(name_or_path), Path(name_or_path)
    if path.suffix in _SUFFIXES:
        if not path.is_file():
            raise RecipeError(f"{path}: no such recipe file")
        return plain_yaml.read(path), str(path)
    names = list(shipped(command))
    if name not in names:
        for other in (TRAIN, TRAIN_DETECTOR):
            if name in shipped(other):
                raise RecipeError(
                    f"recipe {name} is one of hemascope {other}, not of hemascope {command}",
                    f"Use hemascope {other}, or name one of: {', '.join(names)}.",
                )
        raise RecipeError(
            f"no recipe is called {name!r}",
            f"Name a .yaml file or one of: {', '.join(names)}.{did_you_mean(name, names)}",
        )
    origin = f"recipe {name}"
    return plain_yaml.parse((_SHIPPED / f"{name}.yaml").read_text("utf-8"), origin), origin


def _pairs(changes: Iterable[str] | Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Dotted keys and their new values."""
    if isinstance(changes, Mapping):
        yield from flat(changes).items()
        return
    for text in [changes] if isinstance(changes, str) else changes:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise RecipeError(
                f"--set {text}: not of the form key=value", "Example: --set optimizer.learning_rate=0.002"
            )
        yield key.strip(), _plain(plain_yaml.parse(value, f"--set {text[:100]}"))


def flat(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested keys as keys with dots.

    >>> flat({"optimizer": {"name": "adam"}, "epochs": 2})
    {'optimizer.name': 'adam', 'epochs': 2}
    """
    found: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{above}{key}"
        found |= flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return found


def _change(values: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    place = values
    for parent in parents:
        if parent == "augment" and isinstance(place.get(parent), str):
            place[parent] = {"name": place[parent]}  # a policy's name stands for all of its keys
        place = place.setdefault(parent, {})
        if not isinstance(place, dict):
            raise RecipeError(f"--set {key}={value}: {parent} has no keys below it")
    place[last] = str(value) if isinstance(value, Path) else value


def _plain(value: Any) -> Any:
    # YAML 1.1 reads 1e-3 as text, for want of a dot.
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def explain(error: Any, model: type[BaseModel] = Recipe) -> str:
    """One of pydantic's errors about a file, in a sentence; an unknown key gets the valid ones and the nearest.

    Args:
        error: of ``ValidationError.errors()``.
        model: what the file was read as.
    """
    place = [str(part) for part in error["loc"]]
    key = ".".join(place)
    if error["type"] == "extra_forbidden":
        valid = _keys_beside(error["loc"], model)
        return f"unknown key {key!r} (valid: {', '.join(valid)}){did_you_mean(place[-1], valid)}"
    reason = error["msg"].removeprefix("Value error, ")
    given = repr(error["input"])
    return f"{key}: {reason}, got {given if len(given) <= 200 else given[:200] + ' ...'}" if key else reason


def _keys_beside(place: Sequence[str | int], model: type[BaseModel]) -> list[str]:
    for part in place[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model of a key that may be absent, or of which there may be several."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
