import numpy as np

from hemascope.evaluate.shift.corruption import Corruption
from hemascope.evaluate.shift.mixture import mixture


def test_one_to_three_different_corruptions_of_the_severity_asked_for():
    seen: list[tuple[str, int]] = []

    def watched(name: str) -> Corruption:
        def apply(image, severity, generator):
            seen.append((name, severity))
            return image

        return Corruption(name, name, "blur", apply)

    mixed = mixture([watched(name) for name in "abcd"])
    counts = set()
    for i in range(60):
        seen.clear()
        mixed(np.zeros((2, 2, 3), np.uint8), 4, np.random.default_rng(i))
        assert len({name for name, _ in seen}) == len(seen)
        assert {severity for _, severity in seen} == {4}
        counts.add(len(seen))
    assert counts == {1, 2, 3}
