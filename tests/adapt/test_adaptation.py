"""What adapting to unlabelled cells found, in numbers."""

import numpy as np

from hemascope.adapt.adaptation import Adaptation
from hemascope.adapt.agreement import Agreement
from hemascope.adapt.choice import ZOOMS, Choice


def test_confidence_agreement_and_shares() -> None:
    before = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]], np.float32)
    after = np.array([[0.9, 0.1], [0.3, 0.7], [0.1, 0.9], [0.7, 0.3]], np.float32)
    stays = Agreement(None, 1.0, "of the test")
    found = Adaptation(("a", "b"), 4, [], Choice(1.3, ZOOMS, (0.5,) * len(ZOOMS), "why"), stays, before, after)
    np.testing.assert_allclose(found.confidence, (0.75, 0.8), atol=1e-6)
    assert found.agreement == 0.75
    assert [shares.tolist() for shares in found.shares] == [[0.75, 0.25], [0.5, 0.5]]
