"""The scripts that complete commands and options in a shell.

They hold the commands and options as they are, so that completing starts no Python.
"""

import shlex
from collections.abc import Mapping

_BASH = """\
_hemascope() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} words
    COMPREPLY=()
    if (( COMP_CWORD == 1 )); then
        words={commands}
    elif [[ $word == -* ]]; then
        case ${{COMP_WORDS[1]}} in
{cases}
        esac
    fi
    [[ -n $words ]] && COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -o bashdefault -F _hemascope hemascope"""

_ZSH = """\
#compdef hemascope
_hemascope() {{
    local -a words_found
    if (( CURRENT == 2 )); then
        words_found=(
{commands}
        )
        _describe command words_found
    elif [[ $words[CURRENT] == -* ]]; then
        case $words[2] in
{cases}
        esac
        compadd -a words_found
    else
        _files
    fi
}}
compdef _hemascope hemascope"""


def _bash(commands: Mapping[str, str], options: Mapping[str, Mapping[str, bool]]) -> str:
    cases = "\n".join(
        f"            {name}) words={shlex.quote(' '.join(switches))} ;;" for name, switches in options.items()
    )
    return _BASH.format(commands=shlex.quote(" ".join([*commands, "--help", "--version"])), cases=cases)


def _zsh(commands: Mapping[str, str], options: Mapping[str, Mapping[str, bool]]) -> str:
    lines = "\n".join(f"            {shlex.quote(f'{name}:{line}')}" for name, line in commands.items())
    cases = "\n".join(
        f"            {name}) words_found=({' '.join(switches)}) ;;" for name, switches in options.items()
    )
    return _ZSH.format(commands=lines, cases=cases)


def _fish(commands: Mapping[str, str], options: Mapping[str, Mapping[str, bool]]) -> str:
    lines = [
        f"complete -c hemascope -f -n __fish_use_subcommand -a {name} -d {shlex.quote(line)}"
        for name, line in commands.items()
    ]
    for name, switches in options.items():
        for switch, valued in switches.items():
            kind = f"-l {switch[2:]}" if switch.startswith("--") else f"-s {switch[1:]}"
            after = f"'__fish_seen_subcommand_from {name}'"
            lines.append(f"complete -c hemascope -n {after} {kind}{' -r' if valued else ''}")
    return "\n".join(lines)


SHELLS = {"bash": _bash, "zsh": _zsh, "fish": _fish}


def script(shell: str, commands: Mapping[str, str], options: Mapping[str, Mapping[str, bool]]) -> str:
    """The script for a shell.

    Args:
        shell: one of `SHELLS`.
        commands: name -> line of help.
        options: name of a command -> its options -> whether a value follows.

    >>> print(script("fish", {"audit": "Look."}, {"audit": {"-o": True}}).splitlines()[-1])
    complete -c hemascope -n '__fish_seen_subcommand_from audit' -s o -r
    """
    return SHELLS[shell](commands, options)
