import zipfile
from pathlib import Path

import hemascope
from hemascope.export.submission.package import requirements, write_zip


def test_the_same_run_gives_the_same_bytes(run: Path, tmp_path: Path) -> None:
    card = hemascope.load(run).card
    for name in ("one.zip", "two.zip"):
        write_zip(tmp_path / name, run / "model.onnx", card, views=2)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_what_is_in_it(run: Path, tmp_path: Path) -> None:
    write_zip(tmp_path / "s.zip", run / "model.onnx", hemascope.load(run).card, views=1)
    with zipfile.ZipFile(tmp_path / "s.zip") as file:
        names = file.namelist()
        assert sorted(names) == ["README.txt", "model.onnx", "model.py", "requirements.txt", "submission.json"]
        assert file.read("model.onnx") == (run / "model.onnx").read_bytes()
        assert file.read("requirements.txt").decode().split() == list(requirements())
        assert "1  lymphocyte" in file.read("README.txt").decode()
