import pytest
from pydantic import ValidationError

from hemascope.augment.policy import FULL, GROUPS, NAMED, OFF, Policy


def test_a_name_stands_for_its_keys_and_others_may_differ():
    wide = Policy.model_validate("wide")
    assert wide.model_dump(include=set(NAMED["wide"])) == NAMED["wide"]
    assert Policy.model_validate({"name": "wide", "noise": 0.2}) == wide.model_copy(update={"noise": 0.2})


def test_an_unknown_name_says_which_there_are():
    with pytest.raises(ValidationError, match=r"no policy is called 'wild' \(there are: none, fixed, wide, rand\)"):
        Policy.model_validate("wild")


@pytest.mark.parametrize("name", NAMED)
def test_every_named_policy_is_valid_and_survives_a_round_trip(name: str):
    policy = Policy.model_validate(name)
    assert Policy.model_validate(policy.model_dump(mode="json")) == policy
    assert policy.changes_nothing == (name == "none")


@pytest.mark.parametrize("name", FULL)
def test_full_and_off_are_valid_strengths(name: str):
    assert Policy.model_validate({name: FULL[name]}).strengths == {name: FULL[name]}
    assert Policy.model_validate({name: OFF[name]}).changes_nothing


def test_chances_alone_change_nothing_and_no_chance_turns_operations_off():
    assert Policy(fill=1, degrade=0.5, occlude=0.5, magnitude=1).changes_nothing
    assert Policy(degrade=0, noise=0.1).changes_nothing
    assert Policy(clean=1, noise=0.1).changes_nothing
    assert Policy(rand=2, magnitude=0).changes_nothing
    assert not Policy(rand=2).changes_nothing


def test_groups_hold_each_operation_once():
    names = [name for group in GROUPS.values() for name in group]
    assert len(names) == len(set(names))
    assert set(names) <= set(FULL)
