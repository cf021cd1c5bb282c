from hemascope.data.manifest import Manifest
from hemascope.report.data_part import data_part


def made(groups, splits=("train", "train", "val", "val", "val", "val")) -> Manifest:
    manifest = Manifest.build(
        [f"/data/x/{i}.png" for i in range(6)],
        ["x", "y", "x", "y", "x", "y"],
        ["x", "y"],
        splits=splits,
        errors=["", "", "", "/data/x/3.png: truncated", "/data/x/4.png: truncated", ""],
    )
    return manifest.with_columns(group=groups, verdict=["keep"] * 5 + ["drop"])


def test_counts_and_what_was_left_out():
    part = data_part(made([-1] * 6))
    assert (part.images, part.usable) == (6, 3)
    assert part.counts.loc["x"].to_dict() == {"train": 1, "val": 1}
    assert part.left_out[0] == ("truncated", 2, ("x/3.png", "x/4.png"))
    assert part.left_out[1] == ("dropped by the audit", 1, ("x/5.png",))
    assert (part.groups, part.grouped, part.leaking) == (0, 0, 0)


def test_groups_of_identical_images():
    part = data_part(made([7, 7, 8, 8, -1, -1]))  # one of the second group cannot be read
    assert (part.groups, part.grouped, part.leaking) == (1, 2, 0)


def test_a_group_on_both_sides_of_a_split_is_found():
    assert data_part(made([7, -1, 7, -1, -1, -1])).leaking == 1


def test_a_dropped_copy_says_where_the_other_one_is():
    splits = ("train", "test", "val", "val", "val", "train")
    assert data_part(made([-1, 5, -1, -1, -1, 5], splits)).left_out[1][0] == "a copy of an image kept in test"
    assert data_part(made([-1, 5, -1, -1, -1, 5], [""] * 6)).left_out[1][0] == "a copy of an image that is kept"
