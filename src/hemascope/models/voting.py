"""How weak learners vote."""

from typing import Literal

Voting = Literal["probabilities", "classes"]
"""What a learner gives to the vote: its probability of every class, or one vote for its likeliest class."""
