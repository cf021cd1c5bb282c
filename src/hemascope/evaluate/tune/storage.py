"""Where the trials of a search are kept: a database that several processes may share."""

import time
import warnings
from pathlib import Path

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from hemascope.errors import RunError
from hemascope.files import writing

DATABASE_NAME = "search.db"
HEARTBEAT_SECONDS = 20
GRACE_SECONDS = 120
"""A trial whose process has been silent for so long is taken up by another."""

_PATIENCE = {"pysqlite": {"timeout": 60}, "psycopg": {"connect_timeout": 10}, "psycopg2": {"connect_timeout": 10}}
_KNOWN = "sqlite:///FILE, postgresql://USER:PASSWORD@HOST/DATABASE"
_TRIES, _PAUSE_SECONDS = 5, 0.2
_AT_ONCE = "already exists", "unique constraint", "duplicate key"  # two processes create the tables at once


def open_storage(url: str | None, folder: Path) -> RDBStorage:
    """Open, and where need be create, the database of a search.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/DATABASE``; None: `DATABASE_NAME` in ``folder``.
        folder: of the search.

    Raises:
        RunError: another kind of address, a driver that is not installed, or a database that cannot be reached; the
            password is in none of the messages.
    """
    address = _address(url, folder)
    shown = hidden(address)
    patience = dict(_PATIENCE.get(address.get_driver_name(), {}))
    for attempt in range(_TRIES):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)
                return RDBStorage(
                    address.render_as_string(hide_password=False),
                    engine_kwargs={"connect_args": patience, "pool_pre_ping": True},
                    heartbeat_interval=HEARTBEAT_SECONDS,
                    grace_period=GRACE_SECONDS,
                    heartbeat_stale_trial_callback=retry,
                )
        except ImportError:
            raise RunError(f"{shown}: no PostgreSQL driver is installed", 'pip install "psycopg[binary]"') from None
        except (SQLAlchemyError, RuntimeError, optuna.exceptions.OptunaError) as problem:
            reason = _reason(problem, address)
            if attempt + 1 < _TRIES and any(word in reason.lower() for word in _AT_ONCE):
                time.sleep(_PAUSE_SECONDS * (attempt + 1))
                continue
            if isinstance(problem, OperationalError):
                raise RunError(f"{shown}: {reason}", _REMEDY[address.get_backend_name()]) from None
            raise RunError(f"{shown}: no database of a search ({reason})", "Name another.") from None
    raise AssertionError("unreachable")


_REMEDY = {
    "sqlite": "Name a file in a folder that exists and can be written.",
    "postgresql": "Check host, port, user, password and database, and that the server runs.",
}


def retry(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
    """Queue a trial that was cut short, with its values, to be gone on with by whoever is free."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        RetryHeartbeatStaleTrialCallback()(study, trial)


def hidden(address: URL) -> str:
    """An address without its password.

    >>> hidden(make_url("postgresql://me:secret@host/cells"))
    'postgresql://me:***@host/cells'
    """
    return address.set(query={}).render_as_string(hide_password=True)


def _address(url: str | None, folder: Path) -> URL:
    if url is None:
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return URL.create("sqlite", database=str(folder / DATABASE_NAME))
    try:
        address = make_url(url)
    except ArgumentError:
        raise RunError("--storage: not an address of a database", f"Give one of {_KNOWN}.") from None
    if address.get_backend_name() not in _REMEDY:
        raise RunError(f"--storage {hidden(address)}: not a known kind of database", f"Give one of {_KNOWN}.")
    if address.get_backend_name() == "sqlite" and not address.database:
        raise RunError("--storage sqlite: names no file", "Example: --storage sqlite:///search.db")
    return address


def _reason(problem: Exception, address: URL) -> str:
    text = " ".join(str(getattr(problem, "orig", None) or problem).split())
    secrets = [str(value) for value in (address.password, *address.query.values()) if value]
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
