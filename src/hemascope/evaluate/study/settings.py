"""The settings of a search, so that it is only ever gone on with as it began."""

import json
from pathlib import Path
from typing import Any

from hemascope.errors import RunError
from hemascope.files import write_text

SETTINGS_NAME = "search.json"


def require_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Write the settings of a new search into its folder; check those of one that is gone on with.

    Args:
        folder: of the search; new or empty, or with a search in it.
        settings: all that must stay the same, JSON-ready.

    Raises:
        RunError: as `check_settings`, or the folder cannot be written.
    """
    if check_settings(folder, settings):
        return
    try:
        write_text(folder / SETTINGS_NAME, json.dumps(settings, indent=1) + "\n")
    except OSError as problem:
        raise RunError(f"{folder}: cannot be written ({problem.strerror})", "Name another folder with -o.") from problem


def check_settings(folder: Path, settings: dict[str, Any]) -> bool:
    """Whether the folder holds a search, which then has these settings; False where it is new or empty.

    Raises:
        RunError: the folder holds a search with other settings, or something else.
    """
    file = folder / SETTINGS_NAME
    if not file.is_file():
        # A file with a dot is one that another process of the same search is about to finish.
        if folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
            raise RunError(f"{folder} holds files, but no search", "Name a new or empty folder with -o.")
        return False
    try:
        before = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise RunError(f"{file}: cannot be read ({problem})", "Name another folder with -o.") from problem
    require_same(str(folder), before, settings)
    return True


def require_same(
    place: str, before: dict[str, Any], settings: dict[str, Any], other: str = "another folder with -o"
) -> None:
    """Raise a RunError, naming the keys, unless the search that ``place`` holds has these settings.

    Args:
        place: what holds it, in words.
        before: its settings.
        settings: those asked for.
        other: where another search would go, in words.
    """
    now = json.loads(json.dumps(settings))
    changed = [key for key in now if before.get(key) != now[key]]
    if changed:
        raise RunError(
            f"{place} holds a search with other settings ({', '.join(changed)})",
            f"Repeat the command as it was to go on with it, or name {other}.",
        )
