"""A small Hugging Face hub on loopback: as much of its API as its client speaks for models and data sets."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml

TOKEN = "hf_a-secret-of-the-tests"
IGNORED = "ignore:Use 'content=:DeprecationWarning"
"""What the client warns of itself when it sends a large file."""

LARGE = 100_000
"""Bytes from which a file goes by LFS."""


@dataclass
class Repository:
    """Commits, each a dict of files, and the branches that point at them."""

    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit(self, branch: str, files: dict[str, bytes]) -> str:
        text = repr((branch, len(self.commits), sorted((k, hashlib.sha1(v).hexdigest()) for k, v in files.items())))
        name = hashlib.sha1(text.encode()).hexdigest()
        self.commits[name] = files
        self.branches[branch] = name
        return name

    def at(self, revision: str) -> str | None:
        return self.branches.get(revision) or (revision if revision in self.commits else None)


class Hub:
    """What the server holds, and what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.repositories: dict[str, Repository] = {}
        self.large: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.refuse: dict[str, tuple[int, str]] = {}  # part of a path -> state and X-Error-Code

    def files(self, name: str, revision: str = "main") -> dict[str, bytes]:
        repository = self.repositories[name]
        return repository.commits[repository.at(revision) or ""]

    def add(self, name: str, files: dict[str, bytes], **about: bool) -> Repository:
        self.repositories[name] = Repository(**about)
        self.repositories[name].commit("main", files)
        return self.repositories[name]


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _send(self, state: int, content: Any = b"", **headers: str) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(state)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _refuse(self, state: int, code: str = "", words: str = "no") -> None:
        more = {"X_Error_Code": code} if code else {}
        self._send(state, {"error": words}, X_Error_Message=words, **more)

    def _known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if self._refused():
            return
        match [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]:
            case ["api", "whoami-v2"]:
                self._send(200, {"name": "ada", "type": "user"}) if self._known() else self._refuse(401)
            case ["datasets", user, name, "resolve", revision, *file] | [user, name, "resolve", revision, *file]:
                self._file(f"{user}/{name}", revision, "/".join(file))
            case ["api", "models" | "datasets", user, name, "tree", revision, *folder]:
                self._tree(f"{user}/{name}", revision, "/".join(folder), "recursive=true" in self.path.lower())
            case ["api", "models" | "datasets", user, name, *rest]:
                self._about(f"{user}/{name}", rest[1] if rest else "main")
            case _:
                self._refuse(404)

    def do_PUT(self) -> None:
        data = self._body()
        if not self._refused():
            self.hub.large[hashlib.sha256(data).hexdigest()] = data
            self._send(200)

    def do_POST(self) -> None:
        body = self._body()
        if self._refused():
            return None
        if not self._known():
            return self._refuse(401)
        match [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]:
            case ["api", "repos", "create"]:
                self._create(json.loads(body))
            case ["api", "validate-yaml"]:
                self._validate(json.loads(body)["content"])
            case ["api", "models" | "datasets", user, name, action, revision]:
                getattr(self, f"_{action}")(f"{user}/{name}", revision, body)
            case [*_, "info", "lfs", "objects", "batch"]:
                self._batch(json.loads(body))
            case _:
                self._refuse(404)
        return None

    def _refused(self) -> bool:
        self.hub.asked.append(f"{self.command} {self.path}")
        for part, (state, code) in self.hub.refuse.items():
            if part in self.path:
                self._refuse(state, code)
                return True
        return False

    def _readable(self, name: str) -> Repository | None:
        repository = self.hub.repositories.get(name)
        if repository is None or (repository.private and not self._known()):
            self._refuse(404 if self._known() else 401, "RepoNotFound", "Repository not found")
            return None
        return repository

    def _file(self, name: str, revision: str, file: str) -> None:
        repository = self._readable(name)
        if repository is None:
            return None
        if repository.gated:
            return self._refuse(403, "GatedRepo")
        commit = repository.at(revision)
        if commit is None:
            return self._refuse(404, "RevisionNotFound")
        data = repository.commits[commit].get(file)
        if data is None:
            return self._send(404, b"", X_Error_Code="EntryNotFound", X_Repo_Commit=commit)
        about = {"X_Repo_Commit": commit, "ETag": f'"{hashlib.sha256(data).hexdigest()}"'}
        asked = self.headers.get("Range")
        if not asked:
            return self._send(200, data, **about)
        first, _, last = asked.removeprefix("bytes=").partition("-")
        part = data[int(first) : int(last or len(data)) + 1]
        place = f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}"
        return self._send(206, part, Content_Range=place, **about)

    def _tree(self, name: str, revision: str, folder: str, recursive: bool) -> None:
        repository = self._readable(name)
        if repository is None:
            return None
        commit = repository.at(revision)
        if commit is None:
            return self._refuse(404, "RevisionNotFound")
        start = f"{folder}/" if folder else ""
        files = {path: data for path, data in repository.commits[commit].items() if path.startswith(start)}
        below = {path[len(start) :].partition("/")[0] for path in files if "/" in path[len(start) :]}
        rows = [_file_row(path, data) for path, data in files.items() if recursive or "/" not in path[len(start) :]]
        rows += [] if recursive else [_folder_row(f"{start}{name}") for name in sorted(below)]
        return self._send(200, rows)

    def _about(self, name: str, revision: str) -> None:
        repository = self._readable(name)
        if repository is None:
            return None
        commit = repository.at(revision)
        if commit is None:
            return self._refuse(404, "RevisionNotFound")
        files = [{"rfilename": path} for path in repository.commits[commit]]
        return self._send(
            200, {"id": name, "sha": commit, "private": repository.private, "siblings": files, "tags": []}
        )

    def _create(self, asked: dict[str, Any]) -> None:
        owner = asked["organization"] or "ada"
        if owner != "ada":
            return self._refuse(403, words="You don't have the rights to create a model under this namespace")
        name = f"{owner}/{asked['name']}"
        if name in self.hub.repositories:
            return self._send(409, {"url": f"{self.hub.url}/{name}", "error": "You already created this model repo"})
        self.hub.add(name, {".gitattributes": b"*.onnx filter=lfs\n"}, private=asked.get("visibility") == "private")
        return self._send(200, {"url": f"{self.hub.url}/{name}", "name": name})

    def _validate(self, content: str) -> None:
        front = yaml.safe_load(content.split("---")[1])
        errors = [] if isinstance(front, dict) and "license" in front else [{"message": "license is required"}]
        self._send(400 if errors else 200, {"errors": errors, "warnings": []})

    def _branch(self, name: str, branch: str, _: bytes) -> None:
        repository = self.hub.repositories[name]
        if branch in repository.branches:
            return self._refuse(409)
        repository.branches[branch] = repository.branches["main"]
        return self._send(200)

    def _preupload(self, name: str, _: str, body: bytes) -> None:
        files = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["size"] >= LARGE else "regular",
                "shouldIgnore": False,
            }
            for file in json.loads(body)["files"]
        ]
        self._send(200, {"files": files})

    def _batch(self, asked: dict[str, Any]) -> None:
        objects = [
            {
                **one,
                **({} if one["oid"] in self.hub.large else {"actions": {"upload": {"href": f"{self.hub.url}/lfs"}}}),
            }
            for one in asked["objects"]
        ]
        self._send(200, {"transfer": "basic", "objects": objects})

    def _commit(self, name: str, branch: str, body: bytes) -> None:
        repository = self.hub.repositories[name]
        files = dict(repository.commits[repository.branches[branch]])
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            match line["key"]:
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.hub.large[value["oid"]]
                case "deletedFile":
                    del files[value["path"]]
        commit = repository.commit(branch, files)
        self._send(200, {"success": True, "commitOid": commit, "commitUrl": f"{self.hub.url}/{name}/commit/{commit}"})


def _file_row(path: str, data: bytes) -> dict[str, Any]:
    return {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}


def _folder_row(path: str) -> dict[str, Any]:
    return {"type": "directory", "path": path, "size": 0, "oid": hashlib.sha1(path.encode()).hexdigest()}


@contextmanager
def served() -> Iterator[Hub]:
    """A hub that answers until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    hub = Hub(f"http://127.0.0.1:{server.server_address[1]}")
    server.RequestHandlerClass = type("Handler", (_Handler,), {"hub": hub})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def as_hub(folder: Path, monkeypatch: pytest.MonkeyPatch, *, token: str | None = TOKEN) -> Iterator[Hub]:
    """A hub that the client of this process speaks to, with its cache in a folder."""
    constants = pytest.importorskip("huggingface_hub.constants", reason='pip install "hemascope[hub]"')
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder / "cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(folder / "token"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # its protocol needs a store of Hugging Face's own
    monkeypatch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    with served() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        template = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield hub
