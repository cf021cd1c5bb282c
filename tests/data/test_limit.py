import pytest

from hemascope.data.limit import limited
from hemascope.data.manifest import Manifest


@pytest.fixture
def manifest() -> Manifest:
    labels = ["a"] * 80 + ["b"] * 20
    splits = (["train"] * 3 + ["val"]) * 25
    return Manifest.build([f"{i}.png" for i in range(100)], labels, ["a", "b"], splits=splits)


def test_proportions_stay_and_order_too(manifest: Manifest) -> None:
    small = limited(manifest, 20)
    assert small.counts().loc["a"].tolist() == [12, 4]
    assert small.counts().loc["b"].tolist() == [3, 1]
    positions = [int(path.removesuffix(".png")) for path in small.table["path"]]
    assert positions == sorted(positions)


def test_every_class_keeps_an_image_and_seeds_differ(manifest: Manifest) -> None:
    assert (limited(manifest, 2).counts() >= 1).all().all()
    assert limited(manifest, 20, seed=1).table["path"].tolist() != limited(manifest, 20).table["path"].tolist()


def test_no_limit_changes_nothing(manifest: Manifest) -> None:
    assert limited(manifest, None) is manifest
    assert limited(manifest, 100) is manifest


def test_what_is_dropped_is_not_drawn(manifest: Manifest) -> None:
    audited = manifest.with_columns(verdict=["drop", "keep"] * 50)
    small = limited(audited, 20)
    assert set(small.table["verdict"]) == {"keep"}
    assert small.counts().to_numpy().sum() == 20
    assert limited(audited, 50) is audited
