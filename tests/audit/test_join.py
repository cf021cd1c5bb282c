from hemascope.audit.join import join
from hemascope.cells import BLOOD_CLASSES
from hemascope.data.manifest import Manifest


def made(name: str, labels: list[str], classes: list[str], splits: list[str] | None = None, **about: str) -> Manifest:
    paths = [f"/{name}/{i}.png" for i in range(len(labels))]
    return Manifest.build(paths, labels, classes, splits=splits, name=name, **about)


def test_sets_without_splits_are_train_and_test() -> None:
    one = made("train", ["a", "b"], ["a", "b"], licence="CC0").with_columns(group=[3, -1])
    other = made("test", ["c", "a"], ["a", "c"], licence="MIT", attribution="me").with_columns(group=[0, -1])
    both = join(one, other)
    assert list(both.table["split"]) == ["train", "train", "test", "test"]
    assert list(both.table.index) == [0, 1, 2, 3]
    assert both.classes == ("a", "b", "c")
    assert both.targets().tolist() == [0, 1, 2, 0]
    assert both.table["group"].tolist() == [3, -1, 4, -1]
    assert (both.name, both.licence, both.attribution) == ("train against test", "CC0; MIT", "me")


def test_splits_that_a_source_names_stay() -> None:
    one = made("one", ["a", "b"], ["a", "b"], ["train", "val"])
    both = join(one, made("two", ["a", "b"], ["a", "b"]))
    assert list(both.table["split"]) == ["train", "val", "test", "test"]
    back = join(made("two", ["a", "b"], ["a", "b"]), one)
    assert list(back.table["split"]) == ["train", "train", "train", "val"]


def test_the_blood_classes_keep_their_order() -> None:
    both = join(made("one", ["platelet"], [*BLOOD_CLASSES[4:]]), made("two", ["basophil"], [*BLOOD_CLASSES[:4]]))
    assert both.classes == BLOOD_CLASSES
