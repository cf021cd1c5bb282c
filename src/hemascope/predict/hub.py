"""Models on the Hugging Face hub, ``hf://user/name``: fetched into the hub's own cache, and what may go wrong."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import NamedTuple
from urllib.parse import unquote

from hemascope.errors import HemascopeError, HubError, ModelFileError
from hemascope.files import is_of_writing, write_error

MODEL = "model.onnx"
"""The model file of a repository."""

_NAME = re.compile(r"hf:/{1,2}([^/@]+)/([^/@]+)(?:@([^/]+))?(?:/(.+))?")
_SHAPE = "Write hf://user/name, with @REVISION after it for another than the newest, and /FILE.onnx for another file."
_TOKEN = "Log in by `hf auth login`, or set HF_TOKEN."


class HubFile(NamedTuple):
    """A file of a repository on the hub: at a branch, tag or commit; None: the newest of the main branch."""

    repository: str
    revision: str | None
    file: str


def is_on_hub(model: str) -> bool:
    """Whether a model is named by ``hf://``; as a path that was, it has lost a stroke.

    >>> is_on_hub("hf://ada/cells"), is_on_hub(str(Path("hf://ada/cells"))), is_on_hub("robust")
    (True, True, False)
    """
    return model.startswith("hf:/")


def parse(model: str) -> HubFile:
    """The file that is meant.

    Raises:
        ModelFileError: not of the form, or a data set.

    >>> parse("hf://ada/cells@v1.0")
    HubFile(repository='ada/cells', revision='v1.0', file='model.onnx')
    >>> parse("hf://ada/cells@refs%2Fpr%2F1/small.onnx").revision
    'refs/pr/1'
    """
    found = _NAME.fullmatch(model)
    if found is None or found[1] in ("datasets", "spaces"):
        raise ModelFileError(f"{model}: names no model on the hub", _SHAPE)
    user, name, revision, file = found.groups()
    return HubFile(f"{user}/{name}", unquote(revision) if revision else None, file or MODEL)


def fetch(model: str) -> Path:
    """The model file, from the hub's cache where it is there already.

    The hub is asked for the revision's commit, whose folder the path names; where it cannot be reached, what the cache
    holds of that revision is taken. ``HF_ENDPOINT``, ``HF_HOME``, ``HF_HUB_OFFLINE``, ``HF_TOKEN`` and a login count as
    with the hub's other clients.

    Args:
        model: see `parse`.

    Raises:
        ModelFileError: no such repository, revision or file, one that may not be read, or nobody answers.
        WriteError: the cache cannot be written.
        HubError: the hub's client is not installed.
    """
    wanted = parse(model)
    hub = client()
    try:
        with in_words(model, wanted.file), quiet():
            path = hub.hf_hub_download(
                wanted.repository,
                wanted.file,
                revision=wanted.revision,
                endpoint=endpoint(),
                library_name="hemascope",
            )
    except HubError as problem:
        raise ModelFileError(problem.problem, problem.remedy) from problem
    return Path(path)


def endpoint() -> str | None:
    """Where the hub is, by the environment as it is now; None: where its client says."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or None


def client() -> ModuleType:
    """The hub's client.

    Raises:
        HubError: it is not installed.
    """
    try:
        import huggingface_hub
    except ModuleNotFoundError as problem:
        raise HubError("hf:// needs the hub's client", 'pip install "hemascope[hub]"') from problem
    return huggingface_hub


@contextmanager
def in_words(name: str, file: str = "") -> Iterator[None]:
    """Say in words what the hub's client cannot do in the block.

    Args:
        name: what is asked for, for the error.
        file: of the repository.

    Raises:
        HubError: the hub refuses, or cannot be reached.
        WriteError: its cache cannot be written.
    """
    try:
        yield
    except Exception as problem:
        cause = problem.__cause__ if type(problem) is RuntimeError else problem  # an upload's, around what it met
        found = _in_words(name, file, cause) if isinstance(cause, Exception) else None
        if found is None:
            raise
        raise found from problem


def _in_words(name: str, file: str, problem: Exception) -> HemascopeError | None:
    """The error for the user; None for what is none of the hub's. Kinds of others come before them."""
    from huggingface_hub import errors

    match problem:
        case HemascopeError():
            return None
        case errors.GatedRepoError():
            words = "whoever owns it grants access one by one (a gated repository), and this account has none"
            return HubError(f"{name}: {words}", f"Ask for it on its page of the hub. {_TOKEN}")
        case errors.RepositoryNotFoundError():
            return HubError(f"{name}: no such repository, or a private one", f"Check its name. {_TOKEN}")
        case errors.RevisionNotFoundError():
            return HubError(f"{name}: the repository has no such revision", "Name a branch, a tag or a commit.")
        case errors.LocalEntryNotFoundError():
            offline = any(isinstance(cause, errors.OfflineModeIsEnabled) for cause in _causes(problem))
            why = "HF_HUB_OFFLINE is set" if offline else "the hub cannot be reached"
            return HubError(f"{name}: {why}, and its cache does not hold it", "Go on when there is a network.")
        case errors.EntryNotFoundError():
            return HubError(f"{name}: the repository holds no {file}", "Name a file of it: hf://user/name/FILE.")
        case errors.HFValidationError():
            return HubError(f"{name}: no name of a repository", _SHAPE)
        case errors.OfflineModeIsEnabled():
            return HubError(f"{name}: HF_HUB_OFFLINE is set", "Unset it to reach the hub.")
        case errors.HfHubHTTPError():
            return _refusal(name, problem)
        case OSError() if is_of_writing(problem):
            return write_error(problem, Path(problem.filename or "the hub's cache"), "HF_HOME names its place.")
        case OSError() | ValueError():
            return HubError(f"{name}: the hub's client stops: {_first_line(problem)}", "Try again.")
    if type(problem).__module__.startswith("httpx"):  # httpx or httpx2, by the client's version
        return HubError(f"{name}: the hub cannot be reached ({_first_line(problem)})", "Try again.")
    return None


def _refusal(name: str, problem: Exception) -> HubError:
    status = getattr(getattr(problem, "response", None), "status_code", 0)
    if status == 401:
        return HubError(f"{name}: the hub does not know the token", _TOKEN)
    if status == 403:
        return HubError(f"{name}: the token may not do that", "Give one that may write there.")
    return HubError(f"{name}: the hub refuses: {_first_line(problem)}", "Try again, or see status.huggingface.co.")


def _causes(problem: BaseException | None) -> Iterator[BaseException]:
    while problem is not None:
        yield problem
        problem = problem.__cause__ or problem.__context__


def _first_line(problem: Exception) -> str:
    return next(iter(str(problem).strip().splitlines()), "") or type(problem).__name__


@contextmanager
def quiet() -> Iterator[None]:
    """No bars of the hub's client on the terminal in the block: functions print nothing."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    before = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not before:
            enable_progress_bars()
