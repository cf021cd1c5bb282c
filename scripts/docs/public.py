"""The page of the Python interface: the public names of hemascope, each documented where it is defined."""

import ast
import re
from pathlib import Path

import hemascope

SOURCE = Path(hemascope.__file__).resolve().parent
_HEAD = """\
# Python

```python
import hemascope
```

These names are the public interface; other modules may change between releases. They are imported when they are first
used, so `import hemascope` is light. The functions are the [commands](commands.md) with the same arguments and
defaults: they take paths, arrays and numbers, give plain objects, print nothing, and raise [errors](#errors) that say
the remedy. `progress=hemascope.progress.Terminal()` shows how far a long one is.
"""


def names() -> dict[str, str]:
    """The public names in the order of the page, each with the full path of its definition."""
    return {name: f"{home}.{name}" for name, home in hemascope._HOMES.items()}


def given() -> dict[str, str]:
    """The classes of hemascope that the public functions give and take: name -> full path, by their annotations."""
    found: dict[str, str] = {}
    for home in hemascope._HOMES.values():
        tree = ast.parse(file_of(home).read_text("utf-8"))
        imported = {
            alias.asname or alias.name: f"{node.module}.{alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hemascope.")
            for alias in node.names
        }
        own = {node.name: f"{home}.{node.name}" for node in tree.body if isinstance(node, ast.ClassDef)}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and hemascope._HOMES.get(node.name) == home and node.returns:
                words = re.findall(r"\w+", ast.unparse(node.returns))
                found |= {word: path for word in words if (path := (imported | own).get(word))}
    return {name: path for name, path in sorted(found.items()) if name not in hemascope._HOMES and name[0].isupper()}


def page() -> str:
    """The page in Markdown, with the directives that mkdocstrings fills."""
    functions = {name: path for name, path in names().items() if name.islower()}
    classes = {name: path for name, path in names().items() if not name.islower()}
    lines = [
        _HEAD,
        "## Functions\n",
        *_blocks(functions, "hemascope."),
        "## Classes\n",
        *_blocks(classes, "hemascope."),
    ]
    lines += ["## What the functions give\n", *_blocks(given())]
    lines += ["## Progress\n", *_blocks({"Progress": "hemascope.progress.Progress"})]
    return "\n".join([*lines, "## Errors\n", *_blocks({"errors": "hemascope.errors"})])


def _blocks(paths: dict[str, str], prefix: str = "") -> list[str]:
    block = "::: {}\n    options:\n      heading: {}\n      toc_label: {}\n"
    return [block.format(path, prefix + name, name) for name, path in paths.items()]


def file_of(module: str) -> Path:
    """Where a module of hemascope is written."""
    place = SOURCE.parent.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
