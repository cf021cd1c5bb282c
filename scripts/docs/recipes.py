"""The page of the recipes: those that are shipped, and every key that a recipe may have."""

import json
import re
from importlib import resources
from typing import Any

from hemascope.train.detector.recipe import DetectorRecipe
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import TRAIN_DETECTOR, shipped

_HEAD = """\
# Recipes

A recipe is a short YAML file that holds everything that makes a training. `-r NAME` takes a shipped one, `-r FILE.yaml`
your own, and `--set KEY=VALUE` changes any key: `--set optimizer.learning_rate=0.002`. Keys that are left out have the
defaults below. An unknown key is refused, with the nearest that exists. `hemascope recipes NAME` shows all keys of a
recipe.

## Shipped recipes
"""

_KEYS = """
## Keys

`start` and `search` have pages of their own: [transfer learning](../explanation/networks.md) and
[the search](../explanation/tune.md). What `augment` does to your images:
`hemascope augment cells/ -p wide -o sheet.png`.

![Every operation at its full strength](../pictures/augmentations.jpg)

*Every operation at its full strength (`-p all`).*
"""


def page() -> str:
    """The page in Markdown."""
    of_detectors = [
        "\n## Of detectors\n\nThese are of `hemascope train-detector`; theirs are other keys.\n",
        *map(_recipe, shipped(TRAIN_DETECTOR).items()),
        *_table("The recipe of a detector", _without_parts(DetectorRecipe.model_json_schema())),
    ]
    keys = _models(Recipe.model_json_schema())
    return "\n".join([_HEAD, *map(_recipe, shipped().items()), _KEYS, *keys, *of_detectors])


def _recipe(shipped: tuple[str, str]) -> str:
    name, about = shipped
    *words, command = about.splitlines()
    text = (resources.files("hemascope.recipes") / f"{name}.yaml").read_text("utf-8")
    keys = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    return f"### {name}\n\n{' '.join(words)}\n\n```sh\n{command}\n```\n\n```yaml\n{keys}```\n"


def _models(schema: dict[str, Any]) -> list[str]:
    """A section for the recipe itself and one for each key that has keys of its own, in the recipe's order."""
    parts = schema.pop("$defs", {})
    lines = _table("The recipe", schema)
    for key, field in schema["properties"].items():
        names = re.findall(r"#/\$defs/(\w+)", str(field))
        for name in names:
            if "properties" in parts.get(name, {}):
                lines += _table(f"`{key}`" if key != "search" else "`search`, of each key", parts[name])
    return lines


def _without_parts(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without those of its keys that have keys of their own, which are told of above."""
    schema.pop("$defs", None)
    return schema


def _table(title: str, schema: dict[str, Any]) -> list[str]:
    about = schema.get("description", "").partition("\n\n>>>")[0].replace("``", "`")
    lines = [f"\n### {title}\n", about, "\n| Key | Value | Default | Meaning |", "|---|---|---|---|"]
    for key, field in schema["properties"].items():
        default = field.get("default")
        default = "" if isinstance(default, dict) else f"`{_yaml(default)}`" if "default" in field else "needed"
        meaning = field.get("description", "").replace("|", "\\|")
        lines.append(f"| `{key}` | {_values(field)} | {default} | {meaning} |")
    return lines


def _values(field: dict[str, Any]) -> str:
    """What a key takes, from its JSON schema."""
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(map(_values, field["anyOf"])))
    if "$ref" in field or field.get("type") == "object":
        return "keys"
    if field.get("type") == "array":
        return "list"
    bounds = [(">", "exclusiveMinimum"), ("≥", "minimum"), ("<", "exclusiveMaximum"), ("≤", "maximum")]
    found = " ".join(f"{sign} {field[key]:g}" for sign, key in bounds if key in field)
    kind = {"integer": "whole number", "number": "number", "string": "text", "boolean": "`true`, `false`"}
    return f"{kind.get(field.get('type', ''), field.get('type', 'any'))} {found}".strip()


def _yaml(value: object) -> str:
    return json.dumps(value) if value is None or isinstance(value, bool | list) else str(value)
