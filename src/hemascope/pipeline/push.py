"""A model onto the Hugging Face hub: its file, its card, its weights as safetensors."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hemascope.errors import HemascopeError, HubError, RunError
from hemascope.export.hub_card import config, readme
from hemascope.files import atomic, check_folder, scratch, write_text
from hemascope.predict import hub
from hemascope.predict.card import ModelCard
from hemascope.predict.classifier import load
from hemascope.progress import SILENT, Progress
from hemascope.shown import paragraphs

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from torch import Tensor

WEIGHTS, CARD, CONFIG, REPORT = "model.safetensors", "README.md", "config.json", "report.html"
FILES = (CARD, CONFIG, hub.MODEL, WEIGHTS, REPORT)
"""All that a push may write; what an earlier one left of them and this one has not is deleted with it."""


@dataclass(frozen=True)
class Pushed:
    """What was sent to the hub, or would be.

    Attributes:
        repository: user/name.
        files: name -> bytes.
        folder: where they were written instead of being sent.
        url: of the commit; "" where nothing was sent.
        commit: its hash.
        without: why there are no safetensors; "" where there are.
    """

    repository: str
    files: Mapping[str, int]
    folder: Path | None = None
    url: str = ""
    commit: str = ""
    without: str = ""

    @property
    def lines(self) -> list[str]:
        """The files, and where they are, in words."""
        listed = ", ".join(f"{name} ({size / 1e3:,.0f} kB)" for name, size in self.files.items())
        said = [f"Files: {listed}", *([f"Without {WEIGHTS}: {self.without}"] if self.without else [])]
        if self.url:
            return [*said, f"Pushed: {self.url}", f"Use it: hemascope predict cells/ -m hf://{self.repository}"]
        return [*said, f"Written, not sent: {self.folder}" if self.folder else "Nothing was sent."]

    def _repr_html_(self) -> str:
        return paragraphs(self.lines)


def push(
    run: str | Path,
    name: str,
    *,
    private: bool = False,
    revision: str | None = None,
    licence: str = "",
    report: bool = False,
    output: str | Path | None = None,
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> Pushed:
    """Put a model on the Hugging Face hub, from where ``hf://user/name`` loads it.

    The repository gets the model file, a model card (README.md) with the measured scores, config.json with classes and
    framing and, of a Run of one network, its weights as safetensors. It is made where it is not there yet. The token is
    that of ``hf auth login`` or HF_TOKEN.

    Args:
        run: folder of a finished training, a model file or a shipped model's name.
        name: of the repository, user/name.
        private: only its owners may see it; one that is there and public is refused.
        revision: the branch that is written, made where it is not there; main where not given.
        licence: of the weights; that of the training data where not given.
        report: send the Run's report.html too, which shows pictures of the data.
        output: write the files into this folder instead of sending them.
        dry_run: send and write nothing, only say what would be.
        progress: told of each step.

    Raises:
        HemascopeError: no such model, a training that is not finished, or a folder that is not empty.
        HubError: the hub refuses, or cannot be reached; what it holds is as it was then.

    >>> push("robust", "ada/cells", dry_run=True).lines[-1]
    'Nothing was sent.'
    """
    target = None if output is None else Path(output)
    repository = _repository(name)
    hub.client()
    if target is not None:
        check_folder(target)
        if target.is_dir() and any(target.iterdir()):
            raise HemascopeError(f"{target} is not empty", "Name another folder with -o.")
    with _files(Path(run), str(run), repository, licence, report, progress) as (folder, without):
        sizes = {file: (folder / file).stat().st_size for file in FILES if (folder / file).exists()}
        if dry_run:
            return Pushed(repository, sizes, without=without)
        if target is not None:
            for file in sizes:
                with atomic(target / file) as temporary:
                    shutil.copyfile(folder / file, temporary)
            return Pushed(repository, sizes, target, without=without)
        progress.step(f"sending {sum(sizes.values()) / 1e6:.1f} MB to {repository}")
        url, commit = _send(folder, list(sizes), repository, private, revision)
    return Pushed(repository, sizes, None, url, commit, without)


def _repository(name: str) -> str:
    wanted = hub.parse(name if hub.is_on_hub(name) else f"hf://{name}")
    if wanted.revision or wanted.file != hub.MODEL:
        raise HubError(f"{name}: a repository is named user/name", "Name a branch by --revision.")
    return wanted.repository


@contextmanager
def _files(
    run: Path, model: str, repository: str, licence: str, report: bool, progress: Progress
) -> Iterator[tuple[Path, str]]:
    """A folder with the files for a while, and why there are no safetensors among them."""
    if (run / "run.json").is_file() and not (run / hub.MODEL).is_file():
        raise RunError(f"{run}: its training is not finished", f"hemascope train --resume {run}")
    classifier = load(model)
    page = run / REPORT
    if report and not page.is_file():
        raise HemascopeError(f"{model}: it has no {REPORT} to send", "Name a Run, or leave out --report.")
    progress.step("writing the model card")
    with scratch() as folder:
        shutil.copyfile(classifier.path, folder / hub.MODEL)
        if report:
            shutil.copyfile(page, folder / REPORT)
        weights, without = _weights(run, classifier.card, folder / WEIGHTS)
        write_text(folder / CONFIG, config(classifier.card, weights))
        names = [name for name in FILES if (folder / name).exists()]
        write_text(folder / CARD, readme(classifier.card, repository, names, licence=licence))
        yield folder, without


def _weights(run: Path, card: ModelCard, path: Path) -> tuple[dict[str, Any] | None, str]:
    """Write a Run's weights; gives how to build their network, or None and why there are none."""
    if not (run / "run.json").is_file():
        return None, f"weights by their names are in a Run alone; those of this file are in {hub.MODEL}"
    try:
        from safetensors.torch import save_file
    except ModuleNotFoundError as problem:
        extras = "hemascope[hub,train]"
        raise HubError(f"{run}: to send its weights needs {problem.name}", f'pip install "{extras}"') from problem
    from hemascope.models.network import create_network
    from hemascope.train.checkpoints import read_weights
    from hemascope.train.run import Run

    opened = Run.open(run)
    recipe = opened.recipe()
    if opened.members() or recipe.folds or recipe.boosting or not opened.final_weights.is_file():
        return None, "the Run has several networks, or boosted ones"
    state: dict[str, Tensor] = read_weights(opened.final_weights)
    network = create_network(
        recipe.network,
        classes=len(card.classes),
        input_size=recipe.input_size,
        pretrained=False,
        dense=recipe.head.dense,
        dropout=recipe.head.dropout,
    )
    network.load_state_dict(state)  # what is told of it below holds good
    save_file({name: value.contiguous() for name, value in state.items()}, path, metadata={"format": "pt"})
    about = network.description
    return {
        "network": about.network,
        "head": recipe.head.model_dump(),
        "mean": list(about.mean),
        "std": list(about.std),
        "smallest": about.smallest,
        "prefixes": ["backbone.", "head."],
    }, ""


def _send(folder: Path, files: list[str], repository: str, private: bool, revision: str | None) -> tuple[str, str]:
    """Make the repository and the branch where they are missing, and commit all files at once."""
    client = hub.client()
    api: HfApi = client.HfApi(endpoint=hub.endpoint(), library_name="hemascope")
    if client.get_token() is None:
        raise HubError(
            f"{repository}: the hub wants to know who you are", "Log in by `hf auth login`, or set HF_TOKEN."
        )
    with hub.in_words(repository), hub.quiet():
        api.create_repo(repository, private=private or None, exist_ok=True)
        if private and not api.model_info(repository).private:
            raise HubError(
                f"{repository} is there already, and public", "Make it private on its page, or leave out --private."
            )
        if revision is not None:
            api.create_branch(repository, branch=revision, exist_ok=True)
        there = set(api.list_repo_files(repository, revision=revision))
        gone = [client.CommitOperationDelete(name) for name in FILES if name in there and name not in files]
        added = [client.CommitOperationAdd(name, folder / name) for name in files]
        done = api.create_commit(
            repository, [*added, *gone], commit_message="Push a model by hemascope", revision=revision
        )
    return str(done.commit_url), str(done.oid)
