from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from hemascope import job
from hemascope.data.manifest import Manifest
from hemascope.errors import RecipeError, RunError, SourceError
from hemascope.job.division import check_model_size, divided
from hemascope.models.network import create_network
from tests.job.conftest import tiny


def made(*splits: str) -> Manifest:
    n = 40 * len(splits)
    names = [name for name in splits for _ in range(40)]
    return Manifest.build([f"/{i}.png" for i in range(n)], ["a", "b"] * (n // 2), ["a", "b"], splits=names)


def counts(manifest: Manifest) -> dict[str, int]:
    return manifest.table["split"].value_counts().to_dict()


def test_no_test_trains_on_the_test_part() -> None:
    assert counts(divided(made("", "", "", "", ""), tiny("no_test=true"))) == {"train": 180, "val": 20}
    assert counts(divided(made("train", "val", "test"), tiny("no_test=true"))) == {"train": 80, "val": 40}
    assert counts(divided(made("train", "test"), tiny("no_test=true")))["val"] == 8


def test_folds_keep_a_test_part_and_divide_the_rest() -> None:
    assert counts(divided(made("", "", "", "", ""), tiny("folds=3"))) == {"train": 180, "test": 20}
    assert counts(divided(made("train", "val", "test"), tiny("folds=3"))) == {"train": 80, "test": 40}
    assert counts(divided(made(""), tiny("folds=3", "fractions=[0.9,0.1,0]"))) == {"train": 40}


def test_bad_combinations_are_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="leave out no_test"):
        tiny("folds=3", "no_test=true")
    with pytest.raises(RecipeError, match="tta with folds"):
        divided(made(""), tiny("folds=3", "tta=true", "fractions=[0.9,0.1,0]"))
    with pytest.raises(SourceError, match="20 folds want 20 images of every class"):
        job.train("synthetic:96", tiny("folds=20"), tmp_path / "run", Console(quiet=True))
    assert not (tmp_path / "run").exists()


def test_folds_without_validation_images_of_their_own_are_refused() -> None:
    few = made("").rows(np.arange(8))
    with pytest.raises(RunError, match=r"too few images for 2 folds .* fold 1 would have none"):
        divided(few, tiny("folds=2", "fractions=[0.9,0.1,0]"))
    unwatched = ["early_stopping.keep=last", "early_stopping.patience=null"]
    assert counts(divided(few, tiny("folds=2", "fractions=[0.9,0.1,0]", *unwatched))) == {"train": 8}


def test_copies_count_once() -> None:
    manifest = made("").with_columns(group=np.where(np.arange(40) % 2, 1, -1))
    with pytest.raises(SourceError, match=r"groups of copies .* 'b' has 1 .* Leave folds out"):
        divided(manifest, tiny("folds=3"))


def test_a_model_file_that_no_reader_takes_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    network = create_network("test_efficientnet", classes=2, input_size=32, pretrained=False)
    check_model_size(tiny("folds=3"), network)
    monkeypatch.setattr("hemascope.job.division._LARGEST", 1_000_000)
    with pytest.raises(RecipeError, match="or fewer folds"):
        check_model_size(tiny("folds=3"), network)
    check_model_size(tiny(), network)
    with pytest.raises(RecipeError, match=r"9 x test_efficientnet .* or fewer boosting\.rounds"):
        check_model_size(tiny("boosting.over=networks", "boosting.rounds=9"), network)
    check_model_size(tiny("boosting.over=features", "boosting.random_features=true", "boosting.rounds=9"), network)


def test_what_would_not_fit_into_memory_when_written_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    network = create_network("test_efficientnet", classes=2, input_size=32, pretrained=False)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=5_000_000))
    check_model_size(tiny(), network)
    with pytest.raises(RecipeError, match="GiB of memory to write"):
        check_model_size(tiny("folds=3"), network)
