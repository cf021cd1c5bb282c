"""A request's body to the images in it."""

from starlette.requests import Request

from hemascope.serve.multipart import Form, Upload
from hemascope.serve.problems import NO_IMAGE, UNSUPPORTED_MEDIA_TYPE, ProblemError
from hemascope.serve.room import Place

FORM = "multipart/form-data"
BYTES = "application/octet-stream"


async def read_images(request: Request, place: Place, max_files: int) -> tuple[list[Upload], bool]:
    """Read the images of a request: a form of files, or the bytes of one image.

    Args:
        request: its body not read yet.
        place: counts what is held.
        max_files: images allowed.

    Returns:
        the images; and whether they came in a form, so that each has an answer of its own.

    Raises:
        ProblemError: no image, another kind of body, a form that is malformed, or a limit broken.
        starlette.requests.ClientDisconnect: the client has left.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal():
        place.check(int(announced))
    content_type = request.headers.get("content-type", BYTES)
    kind = content_type.partition(";")[0].strip().lower()
    if kind == FORM:
        form = Form(content_type, max_files)
        async for chunk in request.stream():
            place.take(len(chunk))
            form.feed(chunk)
        return form.uploads(), True
    if kind != BYTES and not kind.startswith("image/"):
        raise ProblemError(UNSUPPORTED_MEDIA_TYPE, f"Send {FORM}, or one image as image/* or {BYTES}.")
    chunks = []
    async for chunk in request.stream():
        place.take(len(chunk))
        chunks.append(chunk)
    data = b"".join(chunks)
    if not data:
        raise ProblemError(NO_IMAGE, "The body is empty; send the bytes of an image.")
    return [Upload(None, data)], False
