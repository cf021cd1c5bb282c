"""What went wrong on the way to a store, in words: the reason, the remedy, and whether it may pass."""

import errno
from typing import NamedTuple

from hemascope.data.remote.url import parts_of, redacted
from hemascope.errors import SourceError


class Trouble(NamedTuple):
    """A reason and what to do.

    Attributes:
        reason: on one line, without anything secret.
        remedy: a sentence.
        passing: whether it may be over in a moment.
        missing: whether there is nothing of that name.
    """

    reason: str
    remedy: str
    passing: bool = False
    missing: bool = False


class RemoteError(SourceError):
    """A file elsewhere that cannot be read, listed or written.

    Args:
        name: the URL, without anything secret.
        trouble: what went wrong.
    """

    def __init__(self, name: str, trouble: Trouble) -> None:
        super().__init__(f"{name}: {trouble.reason}", trouble.remedy)
        self.trouble = trouble

    @property
    def row(self) -> str:
        """Reason and remedy for the row of one image, which names it already."""
        return (
            f"{self.trouble.reason} ({self.trouble.remedy.rstrip('.')})" if self.trouble.remedy else self.trouble.reason
        )


class LengthError(Exception):
    """Another number of bytes came than was promised."""


class ChangedError(Exception):
    """The file is not the one any more that was begun with."""


class RangeRefusedError(Exception):
    """A server that gives files as a whole only."""


_CREDENTIALS = {
    "s3": "Give credentials that may: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or ~/.aws/credentials; "
    "for a public bucket set FSSPEC_S3_ANON=true.",
    "gs": "Give credentials that may: gcloud auth application-default login, or GOOGLE_APPLICATION_CREDENTIALS.",
    "az": "Give credentials that may: AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or _SAS_TOKEN.",
    "hf": "Log in with: hf auth login, or set HF_TOKEN.",
    "https": "Give a URL that is signed anew, or https://USER:PASSWORD@HOST/...",
}
_EXTRAS = {"s3": "s3", "gs": "gcs", "az": "azure", "abfs": "azure", "hf": "hub"}
_LATER = "Try again later; HEMASCOPE_PATIENCE=600 keeps trying for so many seconds."

_MISSING = {"404", "NoSuchKey", "NotFound", "NoSuchVersion"}
_REFUSED = {"403", "401", "AccessDenied", "Forbidden", "AllAccessDisabled", "AuthorizationHeaderMalformed"}
_WRONG_KEYS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "RequestTimeTooSkewed"}
_ELSEWHERE = {"PermanentRedirect", "301", "307", "IllegalLocationConstraintException"}
_SLOWER = {"SlowDown", "429", "503", "Throttling", "ThrottlingException", "RequestLimitExceeded", "ServiceUnavailable"}
_FOR_NOW = {"408", "425", "500", "502", "504", "InternalError", "RequestTimeout", "OperationAborted", "BadGateway"}

# By the names of their classes, since to import those of a library takes seconds, and it may not be installed.
_NO_KEYS = {"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "CredentialRetrievalError"}
_UNREACHED = {
    "EndpointConnectionError", "ClientConnectorError", "ConnectTimeoutError", "ConnectionRefusedError", "ConnectError",
}  # fmt: skip
_BROKEN = {
    "ClientPayloadError", "ServerDisconnectedError", "ClientOSError", "ServerTimeoutError", "HTTPClientError",
    "ConnectionError", "ReadTimeoutError", "IncompleteRead", "IncompleteReadError", "ResponseStreamingError",
    "FSTimeoutError", "TimeoutError", "ResponseParserError", "ContentLengthError", "TransferEncodingError",
    "FlexibleChecksumError", "ChecksumMismatchError", "RequestException",
}  # fmt: skip


def diagnosed(problem: BaseException, url: str) -> Trouble:
    """What an error of fsspec, or of a library below it, means.

    Args:
        problem: the error.
        url: what was asked for.

    >>> diagnosed(FileNotFoundError("gone"), "s3://bucket/1.png").reason
    'no such file or folder'
    """
    scheme = parts_of(url).scheme
    chain = _chain(problem)
    codes = {code for each in chain for code in _codes(each)}
    kinds = {kind.__name__ for each in chain for kind in type(each).__mro__}
    credentials = _CREDENTIALS.get({"abfs": "az", "http": "https"}.get(scheme, scheme), "Give credentials that may.")
    lengths = next((each for each in chain if isinstance(each, LengthError)), None)
    if isinstance(problem, ImportError):
        extra = _EXTRAS.get(scheme, "remote")
        return Trouble(
            f"to read {scheme}:// takes a package that is not installed", f"pip install 'hemascope[{extra}]'"
        )
    if "NoSuchBucket" in codes:
        return Trouble("no such bucket", "Check its name, and the endpoint (AWS_ENDPOINT_URL).", missing=True)
    if "RangeRefusedError" in kinds:
        return Trouble(
            "the server gives no part of a file, only the whole",
            "Fetch the file and name its copy, or put it on a server that knows ranges.",
        )
    if codes & _SLOWER:
        return Trouble("the server asks to slow down", _LATER, passing=True)
    if codes & _WRONG_KEYS:
        return Trouble(f"the credentials are not taken ({min(codes & _WRONG_KEYS)})", credentials)
    if codes & _ELSEWHERE:
        return Trouble("the bucket is in another region", "Name its region by AWS_DEFAULT_REGION.")
    if codes & _REFUSED:
        return Trouble("access denied", credentials)
    if kinds & _NO_KEYS:
        return Trouble("no credentials", credentials)
    if codes & {"412", "PreconditionFailed"} or "ChangedError" in kinds:
        return Trouble("it has changed while it was read", "Begin again, and write nothing there meanwhile.")
    if codes & _MISSING:
        return Trouble("no such file or folder", "Check the URL.", missing=True)
    if lengths:
        return Trouble(str(lengths), _LATER, passing=True)
    if kinds & _UNREACHED:
        return Trouble("the server cannot be reached", "Check the name, the endpoint and the network.", passing=True)
    if codes & _FOR_NOW or kinds & _BROKEN:
        failed = f"the server failed ({min(codes & _FOR_NOW)})" if codes & _FOR_NOW else "the connection broke off"
        return Trouble(failed, _LATER, passing=True)
    if isinstance(problem, FileNotFoundError):
        return Trouble("no such file or folder", "Check the URL.", missing=True)
    if isinstance(problem, PermissionError):
        return Trouble("access denied", credentials)
    if isinstance(problem, IsADirectoryError):
        return Trouble("a folder, not a file", "Name a file.")
    words = redacted(" ".join(str(getattr(problem, "strerror", None) or problem).split()))[:300]
    passing = isinstance(problem, OSError) and problem.errno in (errno.EBUSY, errno.EIO, errno.ETIMEDOUT)
    return Trouble(words or type(problem).__name__, _LATER if passing else "", passing=passing)


def _chain(problem: BaseException) -> list[BaseException]:
    """The error and those that it came of."""
    chain: list[BaseException] = []
    while problem is not None and problem not in chain and len(chain) < 8:
        chain.append(problem)
        following = problem.__cause__ or problem.__context__
        if following is None:
            break
        problem = following
    return chain


def _codes(problem: BaseException) -> list[str]:
    """What a server answered, as a name or a number, where an error tells."""
    response = getattr(problem, "response", None)
    if isinstance(response, dict):  # of botocore
        found = [response.get("Error", {}).get("Code"), response.get("ResponseMetadata", {}).get("HTTPStatusCode")]
    else:
        # aiohttp's, gcsfs', azure's, huggingface's; one that has a status may warn when it is asked for its code
        names = ("status",) if hasattr(problem, "status") else ("code", "status_code", "error_code")
        found = [getattr(problem, name, None) for name in names] + [getattr(response, "status_code", None)]
    return [str(code) for code in found if isinstance(code, str | int)]
