"""What the project says of itself: contracts, the picture of the house, guides, the citation, the hooks."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml

import hemascope
from tests.conftest import LONGEST

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = SETTINGS["tool"]["importlinter"]["contracts"]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def layers():
    stages = next(contract for contract in CONTRACTS if contract["type"] == "layers")
    return [name.strip("()") for layer in stages["layers"] for name in layer.split(" | ")]


def packages():
    home = ROOT / "src" / "hemascope"
    names = {path.stem for path in home.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    return names - {"__init__"}


def test_the_picture_is_that_of_the_contracts():
    picture = re.search(r"## The house in one picture\n.*?```\n(.*?)```", GUIDE, re.DOTALL)[1]
    assert [line.split()[0] for line in picture.splitlines()] == layers()


def test_every_module_has_its_place():
    below = {"cores", "errors", "files", "formats", "jeffreys", "progress", "seeds", "shown", "telemetry", "terminal"}
    assert packages() == {*layers(), *below, "recipes"}
    assert all(f"`{name}`\n(" in GUIDE or f"`{name}` (" in GUIDE for name in below)


def test_the_contract_on_drawing_leaves_out_no_module():
    drawing = next(each for each in CONTRACTS if each.get("forbidden_modules") == ["rich"])
    assert drawing["source_modules"] == [
        f"hemascope.{name}" for name in sorted(packages() - {"cli", "progress", "terminal"})
    ]


def test_every_console_is_the_one_that_shows_control_characters():
    """A name with an escape sequence would reach the terminal by any other."""
    makers = [
        path.relative_to(ROOT / "src" / "hemascope").as_posix()
        for path in (ROOT / "src").rglob("*.py")
        if re.search(r"rich\.console import .*\bConsole\b", path.read_text(encoding="utf-8"))
    ]
    assert makers == ["terminal.py"]


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md"])
def test_every_path_that_a_guide_names_is_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = {
        name for name in re.findall(r"`([\w./-]+)`", text) if re.match(r"(src|tests|docs|scripts|benchmarks)/", name)
    }
    named |= set(re.findall(r"\]\(([^)#:]+)\)", text))
    assert len(named) >= (20 if page == "CONTRIBUTING.md" else 0)
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_what_the_guides_call_by_name_exists():
    from hemascope.evaluate.metrics import OVERALL
    from hemascope.evaluate.shift.registry import FURTHER, MEDMNIST_C
    from hemascope.models.catalogue import Entry
    from hemascope.shown import SCORE_TITLES

    assert OVERALL
    assert FURTHER
    assert MEDMNIST_C
    assert Entry("a", "A", 16).smallest == 16
    assert set(SCORE_TITLES) <= set(OVERALL)


def test_security_tells_of_every_pickle():
    """Where a file may bring code, the page says so; where it no longer does, the page says that too."""
    pickles = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "src").rglob("*.py")
        if re.search(
            r"weights_only=False|allow_pickle=True|yaml\.(unsafe_)?load\(|import pickle", path.read_text("utf-8")
        )
    ]
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert sorted(pickles) == ["src/hemascope/engine/worker.py", "src/hemascope/train/processes.py"]
    assert "pass between them as pickles, which run code" in text
    quiet = any("disable_telemetry_events" in path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    assert quiet != ("does not switch off yet" in text)


def test_the_test_modules_that_begin_first_are_there():
    assert [name for name in LONGEST if not (ROOT / "tests" / name).is_file()] == []


def test_the_citation_is_of_this_version_and_names_the_data():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "type", "license"} <= cited.keys()
    assert (cited["version"], cited["license"]) == (hemascope.__version__, SETTINGS["project"]["license"])
    assert {each.get("doi") for each in cited["references"]} >= {
        "10.1016/j.dib.2020.105474", "10.17632/snkd93bnjr.1", "10.1038/s41597-022-01721-8",
    }  # fmt: skip
    assert all({"type", "title", "authors", "year"} <= each.keys() for each in cited["references"])


def test_the_hooks_are_what_make_lint_runs():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]
    entries = [hook["entry"].replace(" --force-exclude", "") for hook in hooks[0]["hooks"]]
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert entries == [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe.splitlines()]


def test_issue_forms_are_whole():
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    assert [form.stem for form in forms] == ["config", "defect", "score", "wish"]
    for form in forms[1:]:
        content = yaml.safe_load(form.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= content.keys()
        ids = [part["id"] for part in content["body"] if part["type"] != "markdown"]
        assert len(ids) == len(set(ids)) > 0
        assert {part["type"] for part in content["body"]} <= {"markdown", "textarea", "input", "checkboxes"}


def test_no_example_in_a_docstring_is_skipped():
    skipped = "doctest: +" + "SKIP"
    assert not [path for path in (ROOT / "src").rglob("*.py") if skipped in path.read_text(encoding="utf-8")]


def test_every_version_of_a_format_is_one_constant():
    """No writer spells the key by itself beside `hemascope.formats` but those whose file is checked otherwise."""
    literal = [
        path.relative_to(ROOT / "src" / "hemascope").as_posix()
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
        and key.value == "format_version"
        and not (isinstance(value, ast.Name) and value.id == "FORMAT_VERSION")
    ]
    assert literal == []
