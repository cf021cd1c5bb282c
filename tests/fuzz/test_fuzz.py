from pathlib import Path

import pytest

from tests.fuzz import annotations, fields, files, sources
from tests.fuzz.engine import CORPUS, SECONDS, check, fuzz

TARGETS = {**sources.TARGETS, **files.TARGETS, **annotations.TARGETS, **fields.TARGETS}


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.timeout(0 if SECONDS else 300)
def test_no_file_is_too_much(name: str) -> None:
    fuzz(name, TARGETS[name], 1 / len(TARGETS))


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_once_was_too_much(path: Path) -> None:
    check(TARGETS[path.parent.name], path.read_bytes())
