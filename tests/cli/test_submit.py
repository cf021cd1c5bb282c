import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from hemascope.cli import main
from hemascope.evaluate.tta import TtaModel
from tests.export.submission.conftest import run  # noqa: F401 - a fixture
from tests.predict.model import write_model


def submit(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(["submit", *map(str, arguments)])
    return int(end.value.code or 0)


def test_a_submission_passes_and_works_anywhere(
    run: Path,  # noqa: F811
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert submit(run, "-o", tmp_path / "cells.zip", "--tta-steps", 2, "--images", 100) == 0
    said = capsys.readouterr().out
    for words in (
        "100 images of 96 x 96 px, 12 of the Run's",
        "limit 6,000 s",
        "MiB at most",
        "100.00% of the classes",
        "\nTime:      ",
        "Needs:     numpy",
    ):
        assert words in said
    assert max(map(len, said.splitlines()[:-1])) <= 80
    with zipfile.ZipFile(tmp_path / "cells.zip") as file:
        file.extractall(tmp_path / "taken" / "out")
    code = "import numpy; from out.model import Model; print(Model().predict(numpy.full((2, 96, 96, 3), [9, 99, 9])))"
    told = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "taken", capture_output=True, text=True)
    assert told.stdout.strip() == "[1 1]", told.stderr


def test_what_fails_is_not_kept(
    run: Path,  # noqa: F811
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert submit(run, "-o", tmp_path / "cells.tar") == 2
    assert "ends in .zip" in capsys.readouterr().err
    (tmp_path / "run.json").write_text("{}")
    assert submit(tmp_path, "-o", tmp_path / "cells.zip") == 2
    assert f"hemascope train --resume {tmp_path}" in capsys.readouterr().err
    (tmp_path / "cells.zip").write_text("an earlier one")
    write_model(tmp_path / "other.onnx")
    monkeypatch.setattr(TtaModel, "probabilities", lambda *_: np.eye(3)[np.ones(32, int)])
    assert submit(tmp_path / "other.onnx", "-o", tmp_path / "cells.zip", "--images", 40) == 2
    assert "another class than the model" in capsys.readouterr().err
    assert (tmp_path / "cells.zip").read_text() == "an earlier one"
    assert len(list(tmp_path.iterdir())) == 3
