from hemascope.audit.verdicts import notes
from hemascope.data.manifest import Manifest


def manifest(**counts: int) -> Manifest:
    labels = [name for name, count in counts.items() for _ in range(count)]
    return Manifest.build([f"{i}.png" for i in range(len(labels))], labels, list(counts))


def test_empty_small_and_uneven_classes_are_named() -> None:
    said = " ".join(notes(manifest(monocyte=1000, platelet=120, basophil=20, eosinophil=0)))
    assert "No image of: eosinophil" in said
    assert "monocyte has 50 times as many images as basophil (1,000 and 20)" in said
    assert "Fewer than 100 images: basophil (20)" in said


def test_an_even_set_has_nothing_to_say() -> None:
    assert notes(manifest(monocyte=300, platelet=200)) == ()


def test_unlabelled_images_are_counted() -> None:
    one = manifest(monocyte=200, platelet=200)
    labels = one.table["label"].to_list()
    labels[:3] = ["", "", ""]
    assert notes(one.with_columns(label=labels)) == ("3 images have no label.",)
