import json
import shutil
import subprocess
import sys

import pytest

from hemascope import cli
from hemascope.cli._dispatch import options_of

SCRIPT = """
import json, sys
from hemascope.cli import main
try:
    main(["completion", "{shell}"])
finally:
    heavy = ("torch", "pandas", "numpy", "onnx", "onnxruntime", "sklearn", "lightning", "rich")
    print(json.dumps([name for name in heavy if name in sys.modules]), file=sys.stderr)
"""


def completion(shell):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(shell=shell)], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout, json.loads(done.stderr)


@pytest.fixture(scope="module", params=["bash", "zsh", "fish"])
def script(request):
    return request.param, *completion(request.param)


def test_it_knows_every_command_and_option_and_imports_nothing_heavy(script):
    shell, text, imported = script
    assert imported == []
    for command in cli.commands():
        assert command in text
        for option in options_of(command):
            wanted = (
                (f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}") if shell == "fish" else option
            )
            assert wanted in text


def test_the_shell_takes_it(script, tmp_path):
    shell, text, _ = script
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    file = tmp_path / "completion"
    file.write_text(text)
    subprocess.run([shell, "-n", str(file)], check=True, timeout=60)


def completed(*words):
    """What bash offers for the last of some words."""
    if not shutil.which("bash"):
        pytest.skip("no bash here")
    text, _ = completion("bash")
    asked = f"COMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}; _hemascope"
    script = f'{text}\n{asked}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, timeout=60).stdout.split()


def test_bash_completes_commands_and_options():
    assert completed("hemascope", "tu") == ["tune", "tune-augment"]
    assert completed("hemascope", "audit", "cells/", "--a") == ["--against", "--apply"]
    assert completed("hemascope", "audit", "cel") == []


def test_another_shell_is_refused(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["completion", "tcsh"])
    assert end.value.code == 2
    assert capsys.readouterr().err == "error: no completion for 'tcsh'\nName one of: bash, zsh, fish.\n"
