import pytest

from hemascope.cli import main
from tests.bench.conftest import trainings, write_bench_file  # noqa: F401


@pytest.fixture
def run_bench(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main(["bench", *map(str, arguments)])
        said = capsys.readouterr()
        return end.value.code, said.out, said.err

    return run


def test_rows_trained_for_real_and_one_that_cannot_be(run_bench, tmp_path):
    small = {"input_size": 32, "epochs": 1, "batch_size": 16, "pretrained": False, "network": "VanillaCNN"}
    rows = [
        {"name": "one", "recipe": "demo", "report": 0.3, "set": small},
        {"name": "two", "recipe": "demo", "report": 0.4, "set": {**small, "start": "nowhere"}},
    ]
    file = write_bench_file(tmp_path / "two.yaml", rows=rows)
    code, out, err = run_bench("-r", file, "-o", "out")
    assert code == 3, err
    assert max(len(line) for line in out.splitlines() if "│" in line) <= 80
    assert "Report: out/bench.html" in out
    assert "1 of 2 rows done, 1 failed" in (tmp_path / "out" / "bench.md").read_text()
    assert (tmp_path / "out" / "rows" / "one" / "run" / "model.onnx").is_file()
    assert not (tmp_path / "out" / "rows" / "one" / "run" / "checkpoints" / "last.ckpt").exists()


def test_the_command_line_says_what_is_wrong(run_bench, tmp_path, trainings):  # noqa: F811
    assert "no such bench file" in run_bench("-r", "none.yaml")[2]
    file = write_bench_file(tmp_path / "two.yaml")
    code, _, err = run_bench("-r", file, "--only", "c")
    assert code == 2
    assert "--only c: no such row" in err
