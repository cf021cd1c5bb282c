import optuna
import pytest

from hemascope.evaluate.tune.sampler import NumberedSampler
from hemascope.evaluate.tune.search import FEWEST, importance


def draws(seed, cuts=(), trials=12):
    storage = optuna.storages.InMemoryStorage()
    values = []
    for number in range(trials):
        if number in {0, *cuts}:  # a new process
            sampler = NumberedSampler(seed)
            study = optuna.create_study(storage=storage, sampler=sampler, study_name="s", load_if_exists=True)
        trial = study.ask()
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        values.append((x, y))
        study.tell(trial, (x - 0.3) ** 2 + 0.01 * y)
    return study, values


def test_what_is_tried_hangs_on_the_seed_and_the_number_alone():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    _, whole = draws(0)
    assert draws(0, cuts=(3, 10))[1] == whole
    assert draws(1)[1] != whole
    assert len({value for pair in whole for value in pair}) == 24


def test_importance_ranks_what_matters_and_says_nothing_of_few():
    study, _ = draws(0)
    shares = importance(study, ("x", "y"))
    assert list(shares) == ["x", "y"]
    assert sum(shares.values()) == pytest.approx(1)
    assert importance(draws(0, trials=FEWEST - 1)[0], ("x", "y")) == {}
