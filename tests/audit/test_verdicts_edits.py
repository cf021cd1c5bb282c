import pytest

from hemascope.audit.findings import Finding, each_finding, findings_table
from hemascope.audit.verdicts import Decided, with_edits
from hemascope.data.manifest import Manifest

RECOMMENDED = [
    Finding(0, "identical", 1.0, "the same", (1,), "keep"),
    Finding(1, "identical", 1.0, "the same", (0,), "drop"),
    Finding(2, "junk", 0.9, "a dog", (), "drop"),
    Finding(3, "label", 0.9, "looks like b", (), "review"),
]


def images(*names: str) -> Manifest:
    return Manifest.build([f"/{name}.png" for name in names], ["x"] * len(names), ["x", "y"])


def edited(found: list[Finding], **verdicts: str) -> list[Finding]:
    return [one._replace(verdict=verdicts.get(f"{one.kind}_{one.row}", one.verdict)) for one in found]


def decide(
    now: list[Finding],
    manifest: Manifest,
    by_user: list[Finding],
    then: list[Finding] = RECOMMENDED,
    former: Manifest | None = None,
) -> Decided:
    former = former or images("a", "b", "c", "d")
    return with_edits(*(findings_table(now), manifest), *map(findings_table, (by_user, then)), former)


@pytest.fixture
def manifest() -> Manifest:
    return images("a", "b", "c", "d")


def test_unedited_verdicts_are_the_audits(manifest: Manifest) -> None:
    now = edited(RECOMMENDED, junk_2="review")  # the audit has changed its mind
    decided = decide(now, manifest, RECOMMENDED)
    assert decided.edits == 0
    assert list(each_finding(decided.findings)) == list(each_finding(findings_table(now)))


def test_edited_verdicts_are_the_users(manifest: Manifest) -> None:
    decided = decide(RECOMMENDED, manifest, edited(RECOMMENDED, junk_2="keep", label_3="drop"))
    assert decided.edits == 2
    verdicts = {(found.row, found.kind): found.verdict for found in each_finding(decided.findings)}
    assert verdicts == {(0, "identical"): "keep", (1, "identical"): "drop", (2, "junk"): "keep", (3, "label"): "drop"}


def test_a_new_label_is_the_users(manifest: Manifest) -> None:
    seen = [*RECOMMENDED[:3], RECOMMENDED[3]._replace(label="x")]  # the audit's guess
    mine = [*RECOMMENDED[:3], RECOMMENDED[3]._replace(verdict="relabel", label="y")]
    decided = decide(seen, manifest, mine, seen)
    assert decided.edits == 1
    assert (found := list(each_finding(decided.findings)))[0].verdict == "relabel"
    assert found[0].label == "y"
    again = decide(list(each_finding(decided.findings)), manifest, seen, seen)  # the guess alone is no verdict
    assert again.edits == 0


def test_rows_taken_out_are_as_recommended_and_rows_added_stay(manifest: Manifest) -> None:
    added = Finding(3, "blur", 1.0, "smeared", (0,), "drop")
    decided = decide(RECOMMENDED, manifest, [RECOMMENDED[0], added])
    assert decided.edits == 1
    assert list(each_finding(decided.findings)) == list(each_finding(findings_table([*RECOMMENDED, added])))


def test_images_are_known_by_their_path(manifest: Manifest) -> None:
    now = images("new", "d", "b", "a")  # c is gone
    computed = [Finding(3, "identical", 1.0, "the same", (2,), "keep"), Finding(2, "identical", 1.0, "", (3,), "drop")]
    by_user = edited(RECOMMENDED, identical_1="keep", junk_2="keep", label_3="drop")
    decided = decide(computed, now, by_user)
    verdicts = {(found.row, found.kind): found.verdict for found in each_finding(decided.findings)}
    # The doubtful label of d is found no more, yet the user has dropped the image.
    assert verdicts == {(3, "identical"): "keep", (2, "identical"): "keep", (1, "label"): "drop"}
    assert decided.edits == 2


def test_related_images_of_a_moved_row_move_too(manifest: Manifest) -> None:
    by_user = [*RECOMMENDED, Finding(0, "leak", 1.0, "mine", (2, 3), "drop")]
    decided = decide([], images("d", "a"), by_user)
    (found,) = each_finding(decided.findings)
    assert found == Finding(1, "leak", 1.0, "mine", (0,), "drop")


def test_the_strictest_of_repeated_rows_counts(manifest: Manifest) -> None:
    by_user = [*edited(RECOMMENDED, label_3="keep"), Finding(3, "label", 1.0, "", (), "drop")]
    decided = decide(RECOMMENDED, manifest, by_user)
    assert [found.verdict for found in each_finding(decided.findings) if found.row == 3] == ["drop"]
