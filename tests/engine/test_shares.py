import pytest

from hemascope.engine.shares import Machine, Share, share
from hemascope.errors import EngineError


@pytest.mark.parametrize(
    ("machines", "asked", "expected"),
    [
        (((16, 4), (16, 4)), {"many": 20}, Share(4, 1.0, 8)),
        (((16, 4), (16, 4)), {"many": 3}, Share(8, 1.0, 4)),
        (((16, 4), (8, 0)), {"many": 20}, Share(4, 1.0, 4)),
        (((16, 4),), {"many": 20, "gpus": 0.5}, Share(2, 0.5, 8)),
        (((16, 4),), {"many": 20, "gpus": 0, "cores": 8}, Share(8, 0.0, 2)),
        (((8, 0), (4, 0)), {"many": 5}, Share(2, 0.0, 6)),
        (((8, 0),), {"many": 1}, Share(8, 0.0, 1)),
        (((2, 0),), {"many": 37}, Share(1, 0.0, 2)),
        (((0, 0), (1, 0)), {"many": 0}, Share(1, 0.0, 1)),
    ],
)
def test_every_task_gets_a_gpu_or_the_cores_divided(machines, asked, expected):
    assert share([Machine(*one) for one in machines], **asked) == expected


def test_what_no_machine_has_is_refused_and_named():
    with pytest.raises(EngineError, match=r"has 9 cores for a task \(they have: 8 cores, 0 GPUs\)") as told:
        share([Machine(8)], 2, cores=9)
    assert "--cores-each" in told.value.remedy
    with pytest.raises(EngineError, match="has 1 core and 2 GPUs for a task"):
        share([Machine(8, 1)], 2, gpus=2)
