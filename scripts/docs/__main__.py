"""Builds the documentation site: python scripts/docs [SITE [DOCS [STAGE]]]. Needs hemascope[docs].

Its pages are docs/ and those that are generated here from the code, so that no option, key or name is told twice.
Strict: a broken link or anchor, a page outside the navigation, a public name without documentation and anything that
the pages would load from another host end it with exit code 1.
"""

import logging
import shutil
import sys
from pathlib import Path

import checks
import commands
import mkdocs.config
import public
import recipes
from mkdocs.commands.build import build

import networks

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {"commands": commands.page, "networks": networks.page, "python": public.page, "recipes": recipes.page}
"""The pages of docs/reference/ that are generated."""


def main(site: Path = ROOT / "site", docs: Path = ROOT / "docs", stage: Path = ROOT / "build" / "docs") -> int:
    """Build a site; returns the exit code.

    Args:
        site: where to; emptied first.
        docs: the pages that are written by hand.
        stage: where they and the generated ones are gathered; emptied first.
    """
    logging.basicConfig(format="%(levelname)s  %(message)s", level=logging.WARNING)
    shutil.rmtree(stage, ignore_errors=True)
    shutil.copytree(docs, stage)
    for name, page in GENERATED.items():
        (stage / "reference" / f"{name}.md").write_text(page(), "utf-8")
    warnings = Warnings()
    logging.getLogger("mkdocs").addHandler(warnings)
    build(mkdocs.config.load_config(str(ROOT / "mkdocs.yml"), docs_dir=str(stage), site_dir=str(site)))
    problems = [*warnings.messages, *checks.foreign(site), *checks.undocumented(site)]
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if not problems:
        print(f"Site: {site / 'index.html'}")
    return bool(problems)


class Warnings(logging.Handler):
    """Keeps what mkdocs and its plugins warn of: all of it, where its own strict mode stops at the count."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.messages.append(record.getMessage())


if __name__ == "__main__":
    sys.exit(main(*(Path(name).absolute() for name in sys.argv[1:])))
