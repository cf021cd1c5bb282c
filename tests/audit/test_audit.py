"""The whole audit, on synthetic smears in class folders into which everything that it looks for is planted."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFilter

from hemascope.audit.audit import audit
from hemascope.audit.findings import KIND_NAMES, Audit
from hemascope.cells import BLOOD_CLASSES
from hemascope.data.foreign import empty_field, writing
from hemascope.data.smears.paint import draw
from hemascope.data.sources import open_source

PER_CLASS = 24


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train/ and val/ of class folders; what is planted has a name that says so."""
    folder = tmp_path_factory.mktemp("cells")
    for name in BLOOD_CLASSES:
        for split in ("train", "val"):
            (folder / split / name).mkdir(parents=True)

    def put(place: str, pixels: np.ndarray) -> None:
        Image.fromarray(pixels).save(folder / f"{place}.png")

    images = {}
    for i in range(PER_CLASS * 8):
        name = BLOOD_CLASSES[i % 8]
        images[i] = draw(21, i, 96).image
        put(f"{'val' if i // 8 % 6 == 5 else 'train'}/{name}/cell{i:03d}", images[i])
    put("train/basophil/identical", images[0])
    put("train/eosinophil/turned", np.rot90(images[1]).copy())
    put("train/lymphocyte/conflict", images[8])  # a basophil
    put("val/platelet/leak", images[7])
    put("train/monocyte/swapped", draw(21, 8 * 200, 96).image)  # a basophil too
    put("train/neutrophil/junk", writing(np.random.default_rng(1)))
    put("train/neutrophil/blank", empty_field(np.random.default_rng(0)))
    put("train/monocyte/dark", (draw(22, 5, 96).image * 0.2).astype(np.uint8))
    put("train/neutrophil/blur", np.asarray(Image.fromarray(draw(22, 6, 96).image).filter(ImageFilter.GaussianBlur(6))))
    put("train/neutrophil/odd", draw(22, 14, 300).image)
    (folder / "train/platelet/cut.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more than a beginning")
    return folder


@pytest.fixture(scope="module")
def done(planted: Path) -> Audit:
    return audit(open_source(planted))


def kinds(done: Audit, stem: str) -> set[str]:
    row = int(np.flatnonzero(done.manifest.table["path"].str.contains(stem))[0])
    return set(done.findings.loc[done.findings["row"] == row, "kind"])


@pytest.mark.parametrize(
    ("stem", "kind"),
    [
        ("identical", "identical"),
        ("turned", "near-duplicate"),
        ("conflict", "conflict"),
        ("leak", "leak"),
        ("junk", "junk"),
        ("blank", "blank"),
        ("dark", "dark"),
        ("blur", "blur"),
        ("odd", "odd-size"),
        ("cut", "undecodable"),
    ],
)
def test_what_was_planted_is_found(done: Audit, stem: str, kind: str) -> None:
    assert kind in kinds(done, f"/{stem}\\.")


def test_few_clean_images_are_accused(done: Audit) -> None:
    clean = done.manifest.table["path"].str.contains(r"/cell\d").to_numpy()
    accused = done.findings[done.findings["kind"].isin(["junk", "blank", "near-duplicate", "dark", "odd-size", "blur"])]
    assert clean[accused["row"].unique()].sum() <= 4  # among them the two originals of the copies


def test_related_images_and_groups_name_the_copy(done: Audit) -> None:
    ids = done.manifest.ids
    turned = done.findings[done.findings["kind"] == "near-duplicate"]
    row = int(np.flatnonzero(ids.str.contains("turned"))[0])
    (others,) = turned.loc[turned["row"] == row, "related"]
    assert [Path(ids.iloc[other]).stem for other in others] == ["cell001"]
    groups = done.manifest.table["group"]
    assert groups.iloc[row] == groups.iloc[others[0]] >= 0


def test_scores_cover_every_image_and_check(done: Audit) -> None:
    assert list(done.scores.columns) == ["path", *KIND_NAMES]
    values = done.scores.drop(columns="path").to_numpy()
    assert len(values) == len(done.manifest)
    assert np.isfinite(values).all()
    assert ((values >= 0) & (values <= 1)).all()
    for kind, found in done.findings.groupby("kind"):
        assert (done.scores[kind].iloc[found["row"]].to_numpy() > 0).all()


def test_verdicts_follow_the_rules(done: Audit) -> None:
    verdicts = done.findings.groupby("kind")["verdict"].agg(set)
    assert verdicts["junk"] == verdicts["undecodable"] == verdicts["blank"] == {"drop"}
    assert verdicts["conflict"] == {"review"}
    assert "keep" in verdicts["identical"]


def test_the_audit_repeats(planted: Path, done: Audit) -> None:
    again = audit(open_source(planted))
    pd.testing.assert_frame_equal(again.findings, done.findings)
    pd.testing.assert_frame_equal(again.scores, done.scores)
    np.testing.assert_array_equal(again.positions, done.positions)


def test_a_set_of_unreadable_files_is_audited_too(tmp_path: Path) -> None:
    for name in ("monocyte", "platelet"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cut.jpg").write_bytes(b"\xff\xd8 no more")
    done = audit(open_source(tmp_path))
    assert set(done.findings["kind"]) == {"undecodable"}
