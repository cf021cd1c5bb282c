import base64
import re
from html.parser import HTMLParser

from markupsafe import Markup

from hemascope.report import svg


@svg.styled
def drawn(name: str = "one", text: str = "a$b$ <i>&") -> str:
    figure, (axes,) = svg.canvas(3, 2)
    axes.plot([0, 1], [0, 1], color=svg.ACCENT, marker="o")
    axes.set_title(text)
    return str(svg.inline(figure, name, 'says "so"'))


def test_colours_and_letters_are_the_pages():
    text = drawn()
    assert "var(--accent)" in text
    assert "currentColor" in text
    assert not re.search(r"#0[1-8]0", text)
    assert "font-family" not in text
    assert "DejaVu" not in text


def test_alone_in_a_wide_page_it_does_not_fill_the_screen():
    assert 'style="max-width: 331px"' in drawn()  # drawn for 3 inches


def test_text_stays_text_and_is_escaped():
    assert "a$b$ &lt;i&gt;&amp;" in drawn()
    assert 'aria-label="says &quot;so&quot;"' in drawn()


def test_nothing_from_outside_and_small():
    text = drawn()
    assert "http" not in text
    assert "<metadata" not in text
    assert len(text) < 10_000


def test_ids_of_two_figures_never_meet():
    def ids(text):
        return set(re.findall(r'\bid="([^"]+)"', text))

    first, second = drawn("one"), drawn("two")
    assert ids(first)
    assert not ids(first) & ids(second)
    used = set(re.findall(r'(?:url\(|href=")#([^)"]+)', first))
    assert used
    assert used <= ids(first)


def test_the_same_figure_is_the_same_text():
    assert drawn() == drawn()


def test_letters_that_our_font_lacks_are_left_to_the_reader():
    assert "単球" in drawn(text="単球")


def test_is_well_formed_html():
    class Balanced(HTMLParser):
        open: list[str] = []  # noqa: RUF012

        def handle_starttag(self, tag, attrs):
            self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    parser = Balanced()
    parser.feed(drawn())
    assert parser.open == []


def test_a_picture_of_its_own_needs_no_page():
    shown = svg.picture(Markup(drawn()))
    assert shown.startswith('<img alt="says &quot;so&quot;" src="data:image/svg+xml;base64,')
    text = base64.b64decode(shown.partition("base64,")[2].removesuffix('">')).decode()
    assert text.startswith("<svg ")
    assert 'xmlns="http://www.w3.org/2000/svg"' in text
    assert "#1d5fa6" in text  # the accent of the page in the light
    assert "var(" not in text
    assert "currentColor" not in text
