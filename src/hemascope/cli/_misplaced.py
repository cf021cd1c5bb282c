"""Words in the wrong place: a model or a recipe where images are wanted, answered by the line that was meant."""

import re
import shlex
from collections.abc import Collection, Sequence
from importlib import resources
from pathlib import Path

from hemascope.errors import HemascopeError
from hemascope.predict.shipped import names

_MODEL_ON_HUB = re.compile("hf://(?!datasets/)[^/]+/[^/]+")
_OPTIONS = {"model": "-m", "recipe": "-r"}


def check_words(command: str, words: Sequence[str], options: Collection[str]) -> None:
    """Refuse a model or a recipe among the words of a command that takes images.

    Args:
        command: its name.
        words: its arguments that are no options.
        options: those that it knows.

    Raises:
        HemascopeError: there is one; the remedy is the line as it was meant.
    """
    for word in words:
        kind = taken_for(word)
        if not kind:
            continue
        option = _OPTIONS[kind]
        others = [other for other in words if other != word]
        line = f"hemascope {command} {shlex.join(others) or 'SOURCE'} {option} {shlex.quote(word)}"
        raise HemascopeError(
            f"{word} is a {kind}, where images are wanted",
            f"SOURCE comes first: {line}" if option in options else f"hemascope {command} --help says more.",
        )


def taken_for(word: str) -> str:
    """What a word names, if it names no images: "model" or "recipe"; otherwise "".

    What is there as a file or folder of images is one, whatever its name.

    >>> taken_for("robust"), taken_for("cells.onnx"), taken_for("quick"), taken_for("bloodmnist")
    ('model', 'model', 'recipe', '')
    >>> taken_for("hf://ada/cells@v1"), taken_for("hf://datasets/ada/cells")
    ('model', '')
    """
    if word.endswith(".onnx") or _MODEL_ON_HUB.fullmatch(word):
        return "model"
    if word.endswith((".yaml", ".yml")):
        return "recipe"
    path = Path(word)
    if path.exists():
        is_run = path.is_dir() and all((path / name).is_file() for name in ("model.onnx", "recipe.yaml"))
        return "model" if is_run else ""
    if word in names():
        return "model"
    return "recipe" if resources.files("hemascope.recipes").joinpath(f"{word}.yaml").is_file() else ""
