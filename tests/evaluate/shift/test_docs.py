from pathlib import Path

from hemascope.evaluate.shift.registry import CORRUPTIONS


def test_every_corruption_is_described():
    page = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "corruptions.md").read_text(encoding="utf-8")
    for corruption in CORRUPTIONS.values():
        star = " *" if corruption.medmnist_c else ""
        assert f"| `{corruption.name}`{star} | {corruption.family} |" in page
