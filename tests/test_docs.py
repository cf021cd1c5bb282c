"""The documentation site: built strictly, complete, and readable without a network."""

import ast
import contextlib
import functools
import importlib.util
import io
import re
import shlex
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from hemascope.cli import commands

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "scripts" / "docs"
PAGES = sorted((ROOT / "docs").rglob("*.md"))

Load = Callable[[str], ModuleType]

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def script() -> Iterator[Load]:
    """Gives a module of the script by its name."""
    sys.path.insert(0, str(SCRIPTS))
    yield importlib.import_module
    sys.path.remove(str(SCRIPTS))


@pytest.fixture(scope="module")
def checks(script: Load) -> ModuleType:
    return script("checks")


Build = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def build(script: Load) -> Build:
    """Builds a site of a folder of pages: gives the exit code and what was said."""
    place = importlib.util.spec_from_file_location("build_docs", SCRIPTS / "__main__.py")
    assert place is not None and place.loader is not None  # noqa: PT018
    program = importlib.util.module_from_spec(place)
    place.loader.exec_module(program)
    # From the code, and so the same in every build here: made once.
    program.GENERATED = {name: functools.cache(page) for name, page in program.GENERATED.items()}

    def run(site: Path, docs: Path = ROOT / "docs") -> tuple[int, str]:
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as of mkdocs and its plugins
            return program.main(site, docs, site.parent / "stage"), said.getvalue()

    return run


@pytest.fixture(scope="module")
def site(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "site"
    code, said = build(folder)
    assert code == 0, said
    return folder


def test_it_builds_strictly_and_loads_nothing_from_elsewhere(site: Path, checks: ModuleType) -> None:
    assert list(checks.foreign(site)) == []
    assert (site / "search" / "search_index.js").is_file()  # which a page that was opened as a file can read


def test_every_command_has_its_section_with_all_its_options(site: Path) -> None:
    text = (site / "reference" / "commands.html").read_text("utf-8")
    assert re.findall(r'<h2 id="([\w-]+)"', text) == list(commands())
    assert "--shift-images" in text
    assert "--coverage" in text


def test_what_is_wrong_fails(build: Build, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    shutil.copytree(ROOT / "docs", docs)
    (docs / "lost.md").write_text("# Lost\n\n![](https://host.example/cell.png)\n")
    with (docs / "tutorial.md").open("a") as file:
        file.write("\n[none](nowhere.md) [no place](how-to/gpu.md#nowhere)\n")
    code, said = build(tmp_path / "site", docs)
    assert code == 1
    for expected in ("lost.md", "nowhere.md", "#nowhere", "lost.html loads https://host.example/cell.png"):
        assert expected in said


def test_a_public_name_without_documentation_is_told(
    site: Path, checks: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(checks.undocumented(site)) == []
    monkeypatch.setattr(checks.public, "names", lambda: {"new": "hemascope.predict.shipped.new"})
    assert list(checks.undocumented(site)) == ["hemascope.new is not on the page of the Python interface"]


@pytest.mark.parametrize(
    ("markup", "loaded"),
    [
        ('<script src="https://a.example/b.js"></script>', "https://a.example/b.js"),
        ("<link rel=stylesheet href=//a.example/b.css>", "//a.example/b.css"),
        ("<style>p { background: url('https://a.example/b.png') }</style>", "https://a.example/b.png"),
        ('<script>import("https://a.example/b.mjs")</script>', "https://a.example/b.mjs"),
        ('<a href="https://a.example/">to read</a><link rel="canonical" href="https://a.example/">', ""),
        ('<img src="pictures/cell.svg">', ""),
    ],
)
def test_what_is_loaded_is_told_from_what_is_linked(
    checks: ModuleType, tmp_path: Path, markup: str, loaded: str
) -> None:
    (tmp_path / "page.html").write_text(markup)
    assert list(checks.foreign(tmp_path)) == ([f"page.html loads {loaded}"] if loaded else [])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT / "docs").as_posix())
def test_python_in_the_pages_is_python_and_names_what_there_is(page: Path) -> None:
    for code in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hemascope"):
                module = importlib.import_module(node.module or "")
                for alias in node.names:
                    assert hasattr(module, alias.name), f"{page}: {node.module}.{alias.name}"


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_in_the_pages_exist_with_their_options(page: Path, script: Load) -> None:
    options = script("commands").options
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    for line in (line for block in blocks for line in block.replace("\\\n", " ").splitlines()):
        for command in line.split(" & "):
            program, *words = shlex.split(command, comments=True) or [""]
            if program == "hemascope" and words[0] not in ("--version", "completion"):
                unknown = {word for word in words if re.match(r"--?[a-z]", word)} - set(options(words[0]))
                assert not unknown, f"{page.name}: {command}"


def test_pages_that_the_code_names_exist() -> None:
    files = [file for folder in ("src", "scripts", "benchmarks") for file in (ROOT / folder).rglob("*.py")]
    named = {(name, file) for file in files for name in re.findall(r"\bdocs/[\w/-]+\.\w+", file.read_text("utf-8"))}
    assert [(name, str(file)) for name, file in named if not (ROOT / name).is_file()] == []


def documented(section: str) -> list[str]:
    """The columns in the first table below a heading of the page of tables."""
    text = (ROOT / "docs" / "reference" / "tables.md").read_text("utf-8").partition(f"## {section}\n")[2]
    table = text.partition("|---|---|\n")[2].partition("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines()]
    return [name for cell in cells for name in (re.findall(r"`(\w+)`", cell) if "one a" not in cell else ["*"])]


def test_the_columns_of_the_tables_are_those_of_the_code() -> None:
    from hemascope.audit.findings_file import COLUMNS as FINDINGS
    from hemascope.data.manifest import COLUMNS as MANIFEST
    from hemascope.evaluate.pseudo.result import COLUMNS as PSEUDO
    from hemascope.evaluate.shift.result import COLUMNS as SHIFT
    from hemascope.fields.table import Columns
    from hemascope.fields.totals import COLUMNS as FIELDS
    from hemascope.predict.differential.differential import COLUMNS as DIFFERENTIAL
    from hemascope.predict.rows import Layout
    from hemascope.train.checkpoints import HISTORY_COLUMNS

    assert documented("manifest.parquet") == list(MANIFEST)
    assert documented("findings.csv") == list(FINDINGS)
    assert documented("shift.csv") == list(SHIFT)
    assert documented("pseudo.csv") == list(PSEUDO)
    assert documented("differential.csv") == list(DIFFERENTIAL)
    assert documented("fields.csv") == list(FIELDS)
    counted = Columns(("*",), unknown=True, attributes=("**",)).names
    assert documented("Cells of hemascope count") == [name.replace("**", "*") for name in counted]
    assert documented("history.csv") == list(HISTORY_COLUMNS)
    predicted = Layout(("*",), 0.5, 0.5, ("**",)).columns
    assert documented("Predictions of hemascope predict") == [name.replace("**", "*") for name in predicted]


def test_the_model_file_without_hemascope(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from PIL import Image

    import hemascope
    from hemascope.data.smears import draw

    Image.fromarray(draw(0, 6, 96).image).save(tmp_path / "cell.png")
    classifier = hemascope.load("tiny")
    (tmp_path / "model.onnx").symlink_to(classifier.path)
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "reference" / "model-file.md").read_text("utf-8")
    names: dict[str, object] = {}
    exec(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0], names)
    said = classifier("cell.png")
    assert names["classes"] == list(classifier.classes)
    assert names["probabilities"][0].tolist() == list(said.probabilities.values())  # type: ignore[index]
