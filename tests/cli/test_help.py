import itertools
import re

import pytest
import typer

from hemascope import cli
from hemascope.cli._help import Command
from hemascope.cli._page import reflowed
from hemascope.shown import wrapped


def shown(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        cli.main(list(arguments))
    return end.value.code, capsys.readouterr()


@pytest.fixture(params=cli.commands())
def page(request, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, said = shown(capsys, request.param, "--help")
    assert code == 0
    return said.out


def blocks(page):
    """Runs of lines that belong together: a paragraph, or the text beside an option, less its indent."""
    for part in re.split(r"\n\s*\n", page):
        for block in re.split(r"\n(?=  \S)|:\n(?=  )", part):
            yield [line for line in block.splitlines() if line.strip()]


def first_word(line):
    """The first word of a line; what stands in brackets is not broken inside its parts, so that they count as one."""
    return re.match(r"\s*(\[?(?:default|env var|at least|\d+ to)[^;\]]*[;\]]|\S+)", line)[1]


def test_every_page_has_the_same_parts_and_fits_80_columns(page):
    assert re.match(r"usage: hemascope [\w-]+ \[OPTIONS\]", page)
    assert re.search(r"^options:\n(  .*\n)*  -h, --help +Show this message and exit\.$", page, re.MULTILINE)
    assert max(map(len, page.splitlines())) <= 80
    assert not re.search(r"\w-$", page, re.MULTILINE)  # an option or a name broken at its hyphen


def test_no_paragraph_has_a_ragged_line(page):
    for lines in blocks(page):
        if any(line.startswith("    ") and not line.startswith("       ") for line in lines):
            continue  # commands to copy stand as they are
        if re.fullmatch(r"  -\S+( \S+)*", lines[0]):
            lines = lines[1:]  # the names of an option that has its line to itself
        for line, following in itertools.pairwise(lines):
            assert len(line) + 1 + len(first_word(following)) > 78, (line, following)


def trial(
    source: str,
    side: int = typer.Option(224, min=28, max=512, help="Of the images."),
    where: str = typer.Option("", "--where", "-w", help="A place.", show_default="runs/RECIPE"),
    a_rather_long_name_of_an_option: bool = typer.Option(False, help="Or not."),
) -> None:
    """Try.

    This docstring is wrapped at 120 columns, as the source is, and a reader at 80 columns sees it wrapped anew, with no
    word of it broken: --pseudo-policy.

        hemascope trial SOURCE
    """


def test_a_page_has_usage_paragraphs_arguments_and_options():
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(cls=Command)(trial)
    command = typer.main.get_command(app)
    text = command.get_help(command.make_context("hemascope trial", [], resilient_parsing=True))
    assert (
        text.rstrip()
        == """\
usage: hemascope trial [OPTIONS] SOURCE

Try.

This docstring is wrapped at 120 columns, as the source is, and a reader at 80
columns sees it wrapped anew, with no word of it broken: --pseudo-policy.

    hemascope trial SOURCE

arguments:
  SOURCE

options:
  --side N                    Of the images. [default: 224; 28 to 512]
  -w, --where TEXT            A place. [default: runs/RECIPE]
  --a-rather-long-name-of-an-option / --no-a-rather-long-name-of-an-option
                              Or not.
                              [default: no-a-rather-long-name-of-an-option]
  --help                      Show this message and exit."""
    )


def test_a_narrow_terminal_gets_narrow_lines_down_to_40_columns():
    assert wrapped("an option --pseudo-policy and so on and on", 10).splitlines() == [
        "an option --pseudo-policy and so on and",
        "on",
    ]
    assert reflowed("a\nb\n\nc") == "a b\n\nc"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["audit", "--aply"], "error: hemascope audit has no option --aply\nDid you mean --apply?\n"),
        (["predict", "x.png", "--modle=a"], "error: hemascope predict has no option --modle\nDid you mean --model?\n"),
        (
            ["report", "--zzzz"],
            "error: hemascope report has no option --zzzz\nhemascope report --help lists the options.\n",
        ),
        (["audit", "x", "-o"], "error: Option '-o' requires an argument\nhemascope audit --help says more.\n"),
        (["augment", "x", "--images", "0"], "hemascope augment --help says more.\n"),
    ],
)
def test_wrong_usage_is_answered_by_a_hint(capsys, arguments, said):
    code, streams = shown(capsys, *arguments)
    assert code == 2
    assert streams.err.endswith(said)
    assert streams.out == ""
