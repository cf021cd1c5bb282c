"""One self-contained report.html from the files of a Run: figures, words and numbers, all from its predictions."""

from hemascope.report.page import write_report

__all__ = ["write_report"]
