"""What mkdocs itself does not check of a built site."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import public

_LOADS = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed|track|input)\b[^>]*?\ssrc=["']?(?P<src>[^"'\s>]+)"""
    r"""|<link\b(?![^>]*\brel=["']?(?:canonical|next|prev|alternate))[^>]*?\shref=["']?(?P<href>[^"'\s>]+)"""
    r"""|\burl\(\s*["']?(?P<url>[^"')]+)|@import\s+["'](?P<style>[^"']+)"""
    r"""|\b(?:fetch|import|importScripts|Worker)\(\s*["'`](?P<script>[^"'`]+)|\.src\s*=\s*["'`](?P<set>[^"'`]+)"""
)
_ABROAD = re.compile(r"(?:https?:)?//", re.IGNORECASE)


def foreign(site: Path) -> Iterator[str]:
    """What a page, style or script of a site would load from another host; links to read are none.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.html").write_text('<img src="b.png"><script src=//host.example/c.js></script>')
    >>> list(foreign(folder))
    ['a.html loads //host.example/c.js']
    """
    for file in sorted(site.rglob("*")):
        if file.suffix in (".html", ".css", ".js"):
            for match in _LOADS.finditer(file.read_text("utf-8")):
                address = next(filter(None, match.groups()))
                if _ABROAD.match(address):
                    yield f"{file.relative_to(site)} loads {address}"


def undocumented(site: Path) -> Iterator[str]:
    """Public names of hemascope that the page of the Python interface lacks, or that have no docstring."""
    text = (site / "reference" / "python.html").read_text("utf-8")
    for name, path in public.names().items():
        home = public.file_of(path.rpartition(".")[0])
        body = ast.parse(home.read_text("utf-8")).body if home.is_file() else []
        defined = [n for n in body if isinstance(n, ast.FunctionDef | ast.ClassDef) and n.name == name]
        if f'id="{path}"' not in text:
            yield f"hemascope.{name} is not on the page of the Python interface"
        elif not any(map(ast.get_docstring, defined)):
            yield f"hemascope.{name} has no docstring at {path}"
