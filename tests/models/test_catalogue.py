import pytest
import timm

from hemascope.models import network  # noqa: F401 - registers the own networks
from hemascope.models.catalogue import CATALOGUE, find, timm_name
from hemascope.train.recipe import Recipe


def test_every_name_is_a_network_and_no_name_has_two_meanings() -> None:
    assert all(timm.is_model(entry.name) for entry in CATALOGUE)
    names = [name.casefold() for entry in CATALOGUE for name in {entry.name, entry.title.casefold(), *entry.aliases}]
    assert len(names) == len(set(names))
    for entry in CATALOGUE:
        for name in (entry.title, *entry.aliases):
            assert not timm.is_model(name) or timm_name(name) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("VGG16", "vgg16"),
        ("ConvNextTiny", "convnext_tiny"),
        ("densenet", "densenet121"),
        ("EFFICIENTNETV2B3", "tf_efficientnetv2_b3"),
        ("efficientnet-lite0", "tf_efficientnet_lite0"),
        ("efficientnet_lite0", "efficientnet_lite0"),  # timm's own
        ("resnet50.a1_in1k", "resnet50.a1_in1k"),
        ("nonet", "nonet"),
    ],
)
def test_a_recipe_holds_timms_name_whatever_it_was_asked_for_by(name: str, expected: str) -> None:
    assert timm_name(name) == expected
    assert Recipe(network=name).network == expected


def test_what_is_not_in_the_catalogue_is_not_found() -> None:
    assert find("efficientnet_lite0") is None
    entry = find("inceptionv3")
    assert entry is not None
    assert entry.smallest == 75
