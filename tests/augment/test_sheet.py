import numpy as np

from hemascope.augment.policy import FULL, Policy
from hemascope.augment.sheet import operations_sheet, policy_sheet

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)


def test_the_first_column_is_the_original_and_copies_follow():
    sheet = policy_sheet(IMAGES, Policy(), copies=2)
    assert sheet.shape == (4 + 3 * 36, 4 + 3 * 36, 3)
    for column in (4, 40, 76):
        np.testing.assert_array_equal(sheet[4:36, column : column + 32], IMAGES[0])


def test_copies_differ_from_each_other_and_a_seed_repeats_them():
    policy = Policy.model_validate("wide").model_copy(update={"clean": 0.0})
    sheet = policy_sheet(IMAGES, policy, copies=2, seed=3)
    assert not np.array_equal(sheet[4:36, 40:72], sheet[4:36, 76:108])
    np.testing.assert_array_equal(sheet, policy_sheet(IMAGES, policy, copies=2, seed=3))
    assert not np.array_equal(sheet, policy_sheet(IMAGES, policy, copies=2, seed=4))


def test_every_operation_has_its_row():
    sheet = operations_sheet(IMAGES, copies=3)
    assert sheet.shape[0] == 4 + len(FULL) * 36
    for row in range(len(FULL)):
        line = sheet[4 + row * 36 : 36 + row * 36]
        original, copies = line[:, -140:-108], [line[:, start : start + 32] for start in (-108, -72, -36)]
        assert not all(np.array_equal(original, copy) for copy in copies[:-1])
