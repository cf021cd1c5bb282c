from pathlib import Path

import pytest

from hemascope.data.manifest import Manifest
from hemascope.errors import RunError
from hemascope.pipeline.checks import check_start
from hemascope.pipeline.parts import opened
from hemascope.progress import SILENT
from hemascope.train.run import Run
from tests.data.pictures import noise, write_png
from tests.pipeline.conftest import tiny


def made(**splits: range) -> Manifest:
    rows = [(i, name) for name, numbers in splits.items() for i in numbers]
    labels = ["ab"[i % 2] for i, _ in rows]
    return Manifest.build([f"/{i}.png" for i, _ in rows], labels, ["a", "b"], splits=[name for _, name in rows])


@pytest.fixture
def start(tmp_path: Path) -> Run:
    manifest = made(train=range(80), val=range(80, 90), test=range(90, 100))
    return Run.create(tmp_path / "start", tiny(), manifest, {})


def test_folds_do_not_start_from_a_network_that_knows_their_images(start: Run) -> None:
    recipe = tiny("folds=2", f"start={start.folder}")
    with pytest.raises(RunError, match=r"was trained on 90 of the images .* leave out start"):
        check_start(recipe, start.manifest())
    check_start(recipe, made(train=range(90, 120)))
    check_start(tiny("folds=2"), start.manifest())


def test_one_division_or_other_images_are_no_leak(start: Run) -> None:
    recipe = tiny(f"start={start.folder}")
    check_start(recipe, start.manifest())
    check_start(recipe, made(train=range(200, 280), val=range(280, 300)))
    check_start(recipe, made(train=range(100), val=range(200, 210)))


@pytest.mark.parametrize(
    ("val", "test", "seen"), [(range(70, 80), range(90, 100), 10), (range(95, 99), range(79, 90), 11)]
)
def test_another_division_of_the_same_images_is_refused(start: Run, val: range, test: range, seen: int) -> None:
    with pytest.raises(RunError, match=rf"on {seen} of the images .* name .*manifest\.parquet as the source"):
        check_start(tiny(f"start={start.folder}"), made(train=range(60), val=val, test=test))


def test_what_the_start_itself_started_from_counts_too(start: Run, tmp_path: Path) -> None:
    other = made(train=range(200, 280), val=range(280, 300))
    later = Run.create(tmp_path / "later", tiny(f"start={start.folder}"), other, {})
    recipe = tiny(f"start={later.folder}")
    with pytest.raises(RunError, match=r"start: .*start was trained on 10 of"):
        check_start(recipe, made(train=range(300, 400), val=range(10)))
    (start.folder / "run.json").unlink()  # a start that is gone cannot be asked
    check_start(recipe, made(train=range(300, 400), val=range(10)))


def test_a_run_that_names_its_own_folder_ends_the_search(tmp_path: Path) -> None:
    folder = tmp_path / "round"
    Run.create(folder, tiny(f"start={folder}"), made(train=range(10)), {})
    check_start(tiny(f"start={folder}"), made(train=range(10), val=range(10, 20)))


@pytest.mark.parametrize("name", ["unknown", "is unknown", "error", "path", "label", "Confidence", "set", "fold"])
def test_a_class_named_like_a_column_is_refused_before_training(tmp_path: Path, name: str) -> None:
    for folder in ("a", name):
        write_png(tmp_path / folder / "1.png", noise(0, 2, 2))
    with pytest.raises(RunError, match=f"a class cannot be named '{name.lower().replace(' ', '_')}'"):
        opened(tmp_path, SILENT)
