"""Damage planted in synthetic smears is found, and undamaged ones are left alone."""

import numpy as np
import pandas as pd
import pytest
from cleanvision.issue_managers.image_property import calc_percentile_brightness
from PIL import Image, ImageFilter

from hemascope.audit.quality import check_quality, properties
from hemascope.data.smears.paint import draw

N = 160


@pytest.fixture(scope="module")
def cells() -> list[np.ndarray]:
    return [draw(5, i, 96).image for i in range(N)]


def checked(images: list[np.ndarray], sizes: dict[int, tuple[int, int]] | None = None) -> dict[str, list[int]]:
    sizes = sizes or {}
    table = pd.DataFrame([properties(image, *sizes.get(i, (96, 96))) for i, image in enumerate(images)])
    scores, findings = check_quality(table, np.arange(N) % 8)
    for name, score in scores.items():
        assert score.shape == (N,)
        assert {f.row for f in findings if f.kind == name} == set(np.flatnonzero(score >= 0.5).tolist())
    return {name: [f.row for f in findings if f.kind == name] for name in scores}


def test_clean_smears_are_left_alone(cells: list[np.ndarray]) -> None:
    assert sum(map(len, checked(cells).values())) <= 2


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        ("blur", lambda a: np.asarray(Image.fromarray(a).filter(ImageFilter.GaussianBlur(5)))),
        ("dark", lambda a: (a * 0.25).astype(np.uint8)),
        ("bright", lambda a: (255 - (255 - a) * 0.08).astype(np.uint8)),
        ("low-information", lambda a: np.full_like(a, 200)),
    ],
)
def test_damage_is_found(cells: list[np.ndarray], kind: str, damage: object) -> None:
    images = list(cells)
    for row in (3, 50):
        images[row] = damage(images[row])  # type: ignore[operator]
    assert set(checked(images)[kind]) >= {3, 50}


def test_brightness_is_cleanvisions(cells: list[np.ndarray]) -> None:
    for image in (cells[0], cells[1][:7, :11], np.full((3, 3, 3), 8, np.uint8)):
        shade, light = calc_percentile_brightness(Image.fromarray(image), [5, 99])
        measured = properties(np.array(image), 96, 96)
        assert measured["shade"] == pytest.approx(shade, rel=1e-14)
        assert measured["light"] == pytest.approx(light, rel=1e-14)


def test_odd_sizes_and_shapes_are_found(cells: list[np.ndarray]) -> None:
    assert checked(cells, {4: (300, 300), 9: (40, 40), 11: (96, 200)})["odd-size"] == [4, 9, 11]


def test_the_reason_gives_the_measure_and_what_is_usual(cells: list[np.ndarray]) -> None:
    table = pd.DataFrame([properties(image, 96, 96) for image in cells])
    table.loc[2, "size"] = 500.0
    _, findings = check_quality(table, np.zeros(N, np.int64))
    assert [f.reason for f in findings if f.row == 2] == [
        "size (square root of the area, pixels): 500; usual in its class: 96"
    ]


def test_unreadable_images_have_no_score(cells: list[np.ndarray]) -> None:
    table = pd.DataFrame([properties(image, 96, 96) for image in cells])
    table.loc[2] = np.nan
    scores, findings = check_quality(table, np.zeros(N, np.int64))
    assert all(score[2] == 0 for score in scores.values())
    assert 2 not in {f.row for f in findings}
