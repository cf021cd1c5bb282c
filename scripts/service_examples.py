"""Write down the examples of the service's OpenAPI document: python scripts/service_examples.py.

A service with the shipped models is asked about the drawn cells of GET /v1/samples; the answers go, as they came, into
src/hemascope/serve/examples.json. To be run again whenever a shipped model or an answer's form changes.
"""

import io
import json
import zipfile
from dataclasses import asdict, replace

from starlette.testclient import TestClient

from hemascope.files import write_text
from hemascope.serve.app import create_app
from hemascope.serve.body import ABOUT, FIELD
from hemascope.serve.examples import FILE, NOTES, Example
from hemascope.serve.samples import samples_zip
from hemascope.serve.settings import Settings


def samples() -> dict[str, bytes]:
    """The drawn cells by their names, and the file that is no picture."""
    with zipfile.ZipFile(io.BytesIO(samples_zip())) as archive:
        cells = {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()}
    return {**cells, NOTES: b"no picture"}


ALL = tuple(name for name in samples() if name != NOTES)
LABELS = [name[3:].removesuffix(".jpg") for name in ALL]  # 01-basophil.jpg
NEUTROPHIL = "07-neutrophil.jpg"
COUNTED = "&".join(f"called={count}" for count in (1, 3, 0, 2, 30, 8, 56, 0))

REQUESTS = (
    Example("Two cells, and a file that is no picture", "POST", "/v1/predict",
            files=(NEUTROPHIL, "05-lymphocyte.jpg", NOTES)),
    Example("Seen at another zoom", "POST", "/v1/predict", files=(NEUTROPHIL,), about={"zoom": 1.3}),
    Example("The bytes of one image", "POST", "/v1/predict", files=(NEUTROPHIL,), kind="image/jpeg"),
    Example("Bytes that are no image", "POST", "/v1/predict", files=(NOTES,), kind="image/jpeg"),
    Example("Neither a form nor an image", "POST", "/v1/predict", files=(NOTES,), kind="text/plain"),
    Example("A zoom that is not tried", "POST", "/v1/predict", files=(NEUTROPHIL,), about={"zoom": 7}),
    Example("A small field", "POST", "/v1/count", files=("03-erythroblast.jpg",)),
    Example("What speaks for the most probable class", "POST", "/v1/heat", files=(NEUTROPHIL,)),
    Example("A class that the model lacks", "POST", "/v1/heat", query="label=blast", files=(NEUTROPHIL,)),
    Example("The picture as PNG", "POST", "/v1/picture", files=(NEUTROPHIL,)),
    Example("Too few images to tell", "POST", "/v1/fit", files=ALL),
    Example("Nothing to be fitted", "POST", "/v1/fitted", files=ALL),
    Example("Twelve labelled cells", "POST", "/v1/teach", files=ALL, about={"labels": LABELS}),
    Example("Ten labelled cells, and two without a label", "POST", "/v1/teach", files=ALL,
            about={"labels": [*LABELS[:10], None, None]}),
    Example("Too few cells to learn from", "POST", "/v1/teach", files=ALL[:4], about={"labels": LABELS[:4]}),
    Example("Labels that make the model no better", "POST", "/v1/taught", files=ALL, about={"labels": LABELS}),
    Example("The drawn cells of these examples", "GET", "/v1/samples"),
    Example("The model and the limits", "GET", "/v1/model"),
    Example("The classes", "GET", "/v1/classes"),
    Example("A hundred cells", "GET", "/v1/differential", query=COUNTED),
    Example("Too few counts", "GET", "/v1/differential", query="called=1&called=2"),
    Example("It lives", "GET", "/healthz"),
    Example("It takes requests", "GET", "/readyz"),
    Example("Numbers", "GET", "/metrics"),
)  # fmt: skip


def asked(client: TestClient, example: Example) -> Example:
    """The example with what the service answers."""
    sent = samples()
    path = f"{example.path}?{example.query}"
    if example.method == "GET":
        response = client.get(path)
    elif example.kind:
        response = client.post(path, content=sent[example.files[0]], headers={"Content-Type": example.kind})
    else:
        about = None if example.about is None else {ABOUT: json.dumps(example.about)}
        response = client.post(path, files=[(FIELD, (name, sent[name])) for name in example.files], data=about)
    said = "json" in response.headers["content-type"]
    return replace(example, status=response.status_code, answer=response.json() if said else None)


def main() -> None:
    """Ask, and write the answers down."""
    with TestClient(create_app(Settings()), base_url="http://localhost") as client:
        lines = [json.dumps(asdict(asked(client, example)), ensure_ascii=False) for example in REQUESTS]
    write_text(FILE, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
