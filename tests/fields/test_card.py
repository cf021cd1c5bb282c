import json

import pytest

from hemascope.errors import ModelFileError
from hemascope.fields.card import DetectorCard
from tests.fields.toy import CARD


def changed(**values):
    content = json.loads(CARD.to_json())
    content.update(values)
    return json.dumps({key: value for key, value in content.items() if value is not ...})


def test_a_card_comes_back_as_it_was_whatever_later_releases_add():
    assert DetectorCard.from_json(changed(later=[1])) == CARD


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        (changed(format="one"), "format 'one'"),
        (changed(red_width=...), "lacks red_width"),
        (changed(kinds=["white", "red"]), "kinds is not the list of white, red, platelet"),
        (changed(kinds=[["white"], "red", "platelet"]), "kinds is not"),
        (changed(red_width=0), "red_width is not a number of pixels"),
        (changed(red_width=100), "red_width is not within scales"),
        (changed(scales=[8]), "scales is not"),
        (changed(scales=[8, float("nan")]), "scales is not"),
        (changed(thresholds={"white": 0.5, "red": 0.5}), "thresholds is not a share for each kind"),
        (changed(thresholds={"white": 0.5, "red": 0.5, "platelet": 2}), "thresholds is not"),
        (changed(framing=0), "framing is not"),
        (changed(stride=1.5), "stride is not"),
        (changed(reach=10**9), "reach is not"),
        (changed(name=7), "name is not a text"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(text, why):
    with pytest.raises(ModelFileError, match=why):
        DetectorCard.from_json(text)


def test_a_newer_format_says_to_upgrade():
    with pytest.raises(ModelFileError, match=r"format 2.*pip install --upgrade"):
        DetectorCard.from_json(changed(format=2))
