"""Real requests and their answers, for OpenAPI: what the shipped models say of the drawn cells of GET /v1/samples.

`scripts/service_examples.py` asks a service and writes them down; a test asks again and compares.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from hemascope.serve.access import PROTECTED
from hemascope.serve.body import ABOUT, FIELD, FORM
from hemascope.serve.problems import MEDIA_TYPE

FILE = Path(__file__).with_suffix(".json")
"""Where they are written down, an example a line."""

NOTES = "notes.txt"
"""Among the files that are sent, one that is no picture: of this text, "no picture"."""


@dataclass(frozen=True)
class Example:
    """One request and what came back.

    Attributes:
        summary: what it shows, for people.
        method: GET or POST.
        path: without the query.
        query: what follows the question mark; empty for none.
        files: names of what is sent, of the samples or `NOTES`.
        about: what the form's field of that name says, as JSON; None where it has none.
        kind: media type of the bytes of one file that is sent as it is; empty where the files are sent in a form.
        status: of the answer.
        answer: the parsed JSON; None before it is asked, and where the answer is none.
    """

    summary: str
    method: str
    path: str
    query: str = ""
    files: tuple[str, ...] = ()
    about: Any = None
    kind: str = ""
    status: int = 200
    answer: Any = None

    @property
    def name(self) -> str:
        """Tells it from the others of its operation, in letters that OpenAPI's keys may have.

        >>> Example("Some cells, and a text", "POST", "/v1/predict").name
        'some-cells-and-a-text'
        """
        return "-".join("".join(letter if letter.isalnum() else " " for letter in self.summary.lower()).split())

    def curl(self, token: bool = False) -> str:
        """The request as a command for a shell, to the address in HEMASCOPE_URL.

        Args:
            token: whether the service wants one.

        >>> Example("", "POST", "/v1/predict", files=("cell.jpg",)).curl()
        'curl -F files=@cell.jpg "$HEMASCOPE_URL/v1/predict"'
        """
        words = ["curl"]
        if token and self.path.startswith(PROTECTED):
            words.append('-H "Authorization: Bearer $HEMASCOPE_TOKEN"')
        if self.kind:
            words.append(f"-H 'Content-Type: {self.kind}' --data-binary @{self.files[0]}")
        else:
            words += [f"-F {FIELD}=@{name}" for name in self.files]
        if self.about is not None:
            words.append(f"-F {ABOUT}='{json.dumps(self.about)}'")
        address = f"$HEMASCOPE_URL{self.path}" + (f"?{self.query}" if self.query else "")
        return " ".join([*words, f'"{address}"'])

    def body(self) -> Any:
        """The form as OpenAPI has it: files by their names, and the other field as the text that it is."""
        about = {} if self.about is None else {ABOUT: json.dumps(self.about)}
        return {FIELD: list(self.files), **about}


@lru_cache(maxsize=1)
def examples() -> tuple[Example, ...]:
    """Those that are written down."""
    lines = FILE.read_text("utf-8").splitlines()
    return tuple(Example(**{**line, "files": tuple(line["files"])}) for line in map(json.loads, lines))


def show(document: dict[str, Any], token: bool) -> None:
    """Put the examples into an OpenAPI document: into requests, answers, and as commands for a shell.

    Args:
        document: as FastAPI makes it; changed.
        token: whether the service wants one.
    """
    for example in examples():
        operation = document["paths"][example.path][example.method.lower()]
        samples = operation.setdefault("x-codeSamples", [])
        samples.append({"lang": "Shell", "label": example.summary, "source": example.curl(token)})
        if example.files and not example.kind:
            form = operation["requestBody"]["content"][FORM]
            form.setdefault("examples", {})[example.name] = {"summary": example.summary, "value": example.body()}
        if example.answer is None:
            continue
        wrong = example.status >= 400
        content = operation["responses"][str(example.status)]["content"][
            "application/json" if not wrong else MEDIA_TYPE
        ]
        name = example.answer["type"].rpartition(":")[2] if wrong else example.name
        content.setdefault("examples", {})[name] = {"summary": example.summary, "value": example.answer}
