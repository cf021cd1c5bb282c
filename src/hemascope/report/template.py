"""Pages out of templates."""

from typing import Any

import jinja2

from hemascope.cells import title
from hemascope.shown import NOTHING, interval, percent


def small_interval(score: dict[str, float | None]) -> str:
    """A score's interval for the small print behind its value; nothing where it has none."""
    return "" if (text := interval(score)) == NOTHING else text


def rendered(name: str, context: dict[str, Any]) -> str:
    """The HTML of a template of this package; what it is given is escaped, and a name that it lacks is an error."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hemascope.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "interval": small_interval, "title_of": title}
    return environment.get_template(name).render(context)
