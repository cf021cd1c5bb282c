"""Seeds that some library would not take are refused before any work, by every function that takes one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hemascope
from hemascope.errors import HemascopeError
from hemascope.pipeline.augment import augment

TAKING: dict[str, Callable[[int, Path], Any]] = {
    "adapt": lambda seed, folder: hemascope.adapt("robust", folder, folder / "x.onnx", seed=seed),
    "augment": lambda seed, folder: augment("synthetic:4", output=folder / "x.png", seed=seed),
    "evaluate": lambda seed, folder: hemascope.evaluate("synthetic:4", output=folder / "x", seed=seed),
    "explain": lambda seed, folder: hemascope.explain("synthetic:4", output=folder / "x", seed=seed),
    "train": lambda seed, folder: hemascope.train("synthetic:4", set={"seed": seed}, output=folder / "x"),
}


@pytest.mark.parametrize("seed", [-1, 2**31, 10**30])
@pytest.mark.parametrize("name", TAKING)
def test_it_is_refused(name: str, seed: int, tmp_path: Path) -> None:
    with pytest.raises(HemascopeError, match=r"seed.*(2,?147,?483,?647|greater than or equal to 0)"):
        TAKING[name](seed, tmp_path)
    assert list(tmp_path.iterdir()) == []
