"""How much work images are, told before any is unpacked: by the pixels that their headers announce."""

from collections.abc import Sequence

from hemascope.data.decode import announced_pixels
from hemascope.serve.body import Upload
from hemascope.serve.settings import IMAGE_WORK

BATCH_WORK = 8_000_000
"""Work of one batch: one image of many pixels goes alone, so that no small one waits for several."""


def work_of(uploads: Sequence[Upload], max_pixels: int) -> list[int]:
    """The work of each image, in pixels; what is refused without being unpacked makes little."""
    announced = (announced_pixels(upload.data) for upload in uploads)
    return [IMAGE_WORK + (pixels if pixels <= max_pixels else 0) for pixels in announced]
