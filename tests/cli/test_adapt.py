import pytest

import hemascope
from hemascope.cli import main
from tests.adapt.model import write_images, write_model
from tests.test_torch_free import run_without


@pytest.fixture
def adapt(tmp_path, monkeypatch, capsys):
    """Runs `hemascope adapt` on a small model and 40 pictures; gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    write_model(tmp_path / "model.onnx")
    write_images(tmp_path / "cells", 40)

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main(["adapt", *arguments])
        said = capsys.readouterr()
        return end.value.code, said.out, said.err

    return run


def test_writes_the_file_and_says_what_changed(adapt, tmp_path):
    (tmp_path / "cells" / "broken.png").write_bytes(b"no picture")
    code, said, _ = adapt("model.onnx", "--unlabelled", "cells", "-o", "adapted.onnx", "--threads", "1")
    assert code == 0
    assert "40 images, zoom" in said
    assert "Mean confidence" in said
    assert "Same label" in said
    assert "unreadable: 1, first cells/broken.png" in said
    zoom, head, file = said.splitlines()[-3:]
    assert "oom" in zoom
    assert head.startswith("The head stays: the file carries no memory")
    assert file == "Adapted file: adapted.onnx"
    assert max(map(len, said.splitlines()[:10])) <= 80
    assert hemascope.load(tmp_path / "adapted.onnx").card.adapted["images"] == 40


def test_errors_say_what_to_do(adapt, tmp_path):
    code, _, said = adapt("model.onnx", "--unlabelled", "nowhere", "-o", "a.onnx")
    assert code == 2
    assert "nowhere: there is no such source" in said
    assert not (tmp_path / "a.onnx").exists()


def test_runs_without_the_training_stack_and_names_its_extra(tmp_path):
    write_model(tmp_path / "model.onnx")
    write_images(tmp_path / "cells", 40)
    arguments = ["adapt", "model.onnx", "--unlabelled", "cells", "-o", "a.onnx", "--threads", "1"]
    heavy = ("torch", "torchvision", "timm", "lightning", "pandas", "sklearn", "onnxscript", "matplotlib")
    done = run_without(heavy, arguments, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.onnx").is_file()
    done = run_without(("onnx",), arguments, tmp_path)
    assert done.returncode == 2
    assert 'pip install "hemascope[audit]"' in done.stderr
