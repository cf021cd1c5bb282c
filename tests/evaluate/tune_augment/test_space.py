import optuna
import pytest

from hemascope.augment.policy import FULL, NAMED, Policy
from hemascope.evaluate.tune_augment.space import GROUPS, NAMES, RANGES, nearest, policy_of, suggest


def values(**known):
    return {**dict.fromkeys(GROUPS, 0.0), "rand": 0, "magnitude": 0.5, "clean": 0.3, **known}


def test_every_operation_belongs_to_one_group_but_turns_and_mirrors():
    grouped = [name for names in GROUPS.values() for name in names]
    assert len(grouped) == len(set(grouped))
    assert set(FULL) - set(grouped) == {"rotation", "flip"}


def test_a_strength_is_a_share_of_the_full_one():
    policy = policy_of(values(geometry=0.5, stain=1.0, rand=2))
    assert policy.zoom == pytest.approx(1.5**0.5, rel=0.01)
    assert policy.stain == FULL["stain"]
    assert policy.hue == 0
    assert (policy.rand, policy.magnitude, policy.clean, policy.rotation) == (2, 0.5, 0.3, 180)


def test_nearest_finds_what_policy_of_was_given():
    given = values(geometry=0.4, colour=0.7, stain=0.2, degradations=0.9, occlusions=0.1, rand=3)
    assert nearest(policy_of(given)) == pytest.approx(given, abs=0.01)


@pytest.mark.parametrize("name", list(NAMED))
def test_every_policy_lies_somewhere_in_the_space(name):
    found = nearest(Policy.model_validate(name))
    assert found.keys() == set(NAMES)
    assert all(low <= found[key] <= high for key, (low, high) in RANGES.items())


def test_suggested_values_make_a_policy():
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    chosen = suggest(trial)
    assert tuple(chosen) == NAMES
    assert trial.params == chosen
    assert not policy_of(chosen).changes_nothing
