"""What `hemascope explain` settles before it begins."""

import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

from hemascope.errors import HemascopeError
from hemascope.explain.cases import Change


class Chosen(NamedTuple):
    """A policy to augment by and its name; None where nothing can or shall be augmented."""

    policy: Any
    name: str


def check_output(folder: Path) -> None:
    """Raise unless files can be written into this folder."""
    if folder.exists() and not folder.is_dir():
        raise HemascopeError(f"{folder} is a file", "Name a folder with -o.")


def choose_policy(asked: str, model: str) -> Chosen:
    """The policy of the augmented pictures: the one asked for, else the Run's own, else wide.

    Without torch there are no augmented pictures, which is an error only where a policy was asked for.

    Raises:
        HemascopeError: there is no such policy.
    """
    if not asked and importlib.util.find_spec("torch") is None:
        return Chosen(None, "")
    from hemascope.augment.policy import NAMED, Policy
    from hemascope.train.recipe_files import load_recipe, shipped
    from hemascope.train.run import Run

    if not asked and (Path(model) / "run.json").is_file():
        policy = Run.open(Path(model)).recipe().augment
        if not policy.changes_nothing:
            return Chosen(policy, "the Run's own policy")
    name = asked or "wide"
    if name in NAMED:
        policy = Policy.model_validate(name)
        return Chosen(None if policy.changes_nothing else policy, f"policy {name}")
    if name in shipped() or Path(name).suffix in (".yaml", ".yml"):
        return Chosen(load_recipe(name).augment, f"policy of {Path(name).name}")
    raise HemascopeError(
        f"--policy {name}: there is no such policy",
        f"Name one of {', '.join(NAMED)}, or a recipe: {', '.join(shipped())} or a .yaml file.",
    )


def changes(chosen: Chosen, seed: int) -> tuple[Change | None, Change | None]:
    """What augments the pictures and what recolours the smears; None where torch or a policy is lacking."""
    if importlib.util.find_spec("torch") is None:
        return None, None
    from hemascope.explain.cases import COLOURS, augmented

    change = None if chosen.policy is None else (lambda images: augmented(images, chosen.policy, seed))
    return change, lambda images: augmented(images, COLOURS, seed)
