from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hemascope.audit.findings import Finding, findings_table
from hemascope.audit.verdicts import recommend
from hemascope.report.audit_sheets import MOST_ON_CARD, MOST_PICTURES, Sheet, sheets
from tests.audit.by_hand import audit_by_hand

from .conftest import draw_images


@pytest.fixture
def by_kind(tmp_path: Path) -> dict[str, Sheet]:
    audit = audit_by_hand(tmp_path)
    return {sheet.kind.name: sheet for sheet in sheets(audit.manifest, audit.findings)}


def test_a_sheet_a_kind_in_order(by_kind: dict[str, Sheet]) -> None:
    assert list(by_kind) == [
        "leak", "conflict", "label", "junk", "identical", "near-duplicate", "undecodable", "blur",
    ]  # fmt: skip


def test_copies_are_on_one_card_the_one_that_stays_first(by_kind: dict[str, Sheet]) -> None:
    sheet = by_kind["leak"]
    assert (sheet.images, sheet.groups, sheet.verdicts, sheet.hidden) == (2, 1, {"drop": 1, "keep": 1}, 0)
    (card,) = sheet.cards
    assert [(shot.verdict, shot.split) for shot in card.shots] == [("keep", "val"), ("drop", "train")]
    assert card.related == ()
    assert all(shot.picture.startswith("data:image/jpeg;base64,") for shot in card.shots)
    assert by_kind["identical"].groups == 2


def test_a_conflict_shows_both_labels(by_kind: dict[str, Sheet]) -> None:
    (card,) = by_kind["conflict"].cards
    assert {shot.label for shot in card.shots} == {"Erythroblast", "Immature granulocyte"}
    assert {shot.verdict for shot in card.shots} == {"review"}


def test_other_findings_have_a_card_each_with_what_they_relate_to(by_kind: dict[str, Sheet]) -> None:
    (card,) = by_kind["label"].cards
    assert len(card.shots) == 1
    assert [shot.name for shot in card.related] == ["7.png", "15.png"]
    assert card.score == 0.98


def test_what_cannot_be_read_has_no_picture(by_kind: dict[str, Sheet]) -> None:
    (card,) = by_kind["undecodable"].cards
    assert card.shots[0].picture == ""


def test_reasons_name_images_without_their_folders(by_kind: dict[str, Sheet]) -> None:
    assert by_kind["near-duplicate"].cards[0].reason == "mirrored copy of class_1/105.png"


def test_no_more_pictures_than_there_is_room_for(tmp_path: Path) -> None:
    manifest = draw_images(tmp_path, 200)
    found = [Finding(row, "junk", 1 - row / 200, "") for row in range(100)]
    found += [
        Finding(row, "near-duplicate", 0.9, "", tuple(other for other in range(first, first + 10) if other != row))
        for first in range(100, 200, 10)
        for row in range(first, first + 10)
    ]
    junk, copies = sheets(manifest, recommend(findings_table(found), manifest))
    assert (len(junk.cards), junk.hidden) == (MOST_PICTURES, 40)
    assert [card.shots[0].name for card in junk.cards[:2]] == ["0.png", "1.png"]
    assert {len(card.shots) for card in copies.cards} == {MOST_ON_CARD}
    assert {card.more for card in copies.cards} == {10 - MOST_ON_CARD}
    assert len(copies.cards) == MOST_PICTURES // MOST_ON_CARD
    assert copies.hidden == 100 - MOST_PICTURES


def test_only_what_is_shown_is_read(tmp_path: Path) -> None:
    manifest = draw_images(tmp_path, 80)
    for path in manifest.table["path"][61:]:
        Path(path).unlink()
    Image.fromarray(np.zeros((300, 20, 3), np.uint8)).save(manifest.table["path"][0])
    (sheet,) = sheets(manifest, findings_table([Finding(row, "junk", 1 - row / 80, "") for row in range(80)]))
    assert all(card.shots[0].picture for card in sheet.cards)


def test_no_findings_no_sheets(tmp_path: Path) -> None:
    assert sheets(draw_images(tmp_path, 8), findings_table([])) == ()
