import torch

from hemascope.train.soup import greedy_soup, mean_state


def test_the_mean_of_states_leaves_counters_alone() -> None:
    states = [{"w": torch.tensor([1.0, x]), "count": torch.tensor(7)} for x in (2.0, 4.0)]
    mean = mean_state(states)
    assert mean["w"].tolist() == [1.0, 3.0]
    assert mean["count"].item() == 7


def test_an_ingredient_that_spoils_the_soup_is_left_out() -> None:
    states = [{"w": torch.tensor(x)} for x in (2.8, 3.4, 30.0, 2.9)]
    soup = greedy_soup(states, lambda state: 1 - abs(float(state["w"]) - 3) / 100)
    assert soup.taken[0] == 3  # the best alone
    assert 2 not in soup.taken
    assert soup.accuracy >= max(soup.alone)
    assert len(soup.alone) == 4
