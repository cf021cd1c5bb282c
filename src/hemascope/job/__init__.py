"""The main job: source -> Run, with data, training, scores, model file and report; begun or gone on with."""

from hemascope.job.begin import resume, train
from hemascope.job.ensemble import average, soup
from hemascope.job.example import example_image
from hemascope.job.model_file import LIMITS
from hemascope.job.short_parts import read_parts
from hemascope.job.transfer_bar import TransferBar

__all__ = ["LIMITS", "TransferBar", "average", "example_image", "read_parts", "resume", "soup", "train"]
