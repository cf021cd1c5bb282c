"""Which fields a detector is trained on, and which are kept apart to score it: slides together, always the same."""

import re
from collections.abc import Sequence
from dataclasses import replace

from hemascope.data.annotations.fields import Annotations, LabelledField
from hemascope.errors import SourceError
from hemascope.progress import SILENT, Progress

_EVERY = 5
_NUMBER = re.compile(r"(\d+)\D*$")
_SHARE = (0.1, 0.35)  # of the fields kept apart, between which their numbers may say which


def grouped(annotations: Annotations, pattern: str | None, progress: Progress = SILENT) -> Annotations:
    """The fields with their groups filled: slides, patients, whatever part of their names tells.

    Args:
        annotations: of a source.
        pattern: a regular expression that is searched in the names; its first group, or all that it finds, is what
            fields of one group share. A field in which it finds nothing stands alone, and all do without it.
        progress: told how many groups there are.

    Raises:
        SourceError: no regular expression.
    """
    if not pattern:
        return annotations
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as problem:
        raise SourceError(
            f"--group {pattern}: not a regular expression ({problem})", r"Example: --group '^(.+)_\d+'"
        ) from problem
    fields = [replace(field, group=_group(compiled, field.name)) for field in annotations.fields]
    groups = {field.group for field in fields} - {""}
    progress.say(
        f"{annotations.name}: {len(groups):,} groups by --group"
        if groups
        else f"{annotations.name}: --group is found in no name of a field, so each stands alone"
    )
    return replace(annotations, fields=tuple(fields))


def _group(pattern: re.Pattern[str], name: str) -> str:
    found = pattern.search(name)
    return next(filter(None, (*found.groups(), found[0])), "") if found else ""


def divided(annotations: Annotations) -> Annotations:
    """The fields with their splits filled: train and val, or what the source names.

    Where it names train alone, or nothing, a fifth is kept apart as val. Of groups, sorted by name, that is the first
    and every fifth after it; of fields that stand alone those whose number is a multiple of five, or, where the names
    have no numbers that give about a fifth, again the first and every fifth after it. A group lies on one side, also
    where the source names splits: then its fields in the split that scores stay, and the others are left out.

    Raises:
        SourceError: splits are named for some of the fields only.
    """
    fields = annotations.fields
    named = {field.split for field in fields}
    if "" in named and len(named) > 1:
        nameless = [field.name for field in fields if not field.split]
        raise SourceError(
            f"{annotations.name}: {len(nameless):,} of its {len(fields):,} fields are in no split, first {nameless[0]}",
            "Name a split for every field, or for none.",
        )
    if named <= {"", "train"}:
        apart = _kept_apart(fields)
        fields = tuple(replace(one, split="val" if _unit(one) in apart else "train") for one in fields)
    elif "val" not in named:  # train and test: what scores is called val here
        fields = tuple(replace(one, split="val" if one.split == "test" else one.split) for one in fields)
    rank = {"train": 0, "val": 1, "test": 2}
    best: dict[str, int] = {}
    for field in fields:
        best[_unit(field)] = max(rank[field.split], best.get(_unit(field), 0))
    return replace(annotations, fields=tuple(field for field in fields if rank[field.split] == best[_unit(field)]))


def _unit(field: LabelledField) -> str:
    """What is divided as one: the group, or the field itself."""
    return f"group {field.group}" if field.group else f"field {field.name}"


def _kept_apart(fields: Sequence[LabelledField]) -> set[str]:
    units = sorted({_unit(field) for field in fields})
    if len(units) < 2:
        return set()
    numbers = [_NUMBER.search(field.name.rpartition(".")[0] or field.name) for field in fields]
    if not any(field.group for field in fields) and all(numbers):
        apart = {
            _unit(field) for field, found in zip(fields, numbers, strict=True) if found and int(found[1]) % _EVERY == 0
        }
        if _SHARE[0] <= len(apart) / len(units) <= _SHARE[1]:
            return apart
    return set(units[::_EVERY])
