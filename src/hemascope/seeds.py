"""What a seed may be."""

from hemascope.errors import HemascopeError

LARGEST = 2**31 - 1
"""NumPy, scikit-learn and PyTorch take all seeds up to here; each has another end."""


def check_seed(seed: int) -> None:
    """Refuse a seed that some library would not take.

    Raises:
        HemascopeError: it is negative, or too large.

    >>> check_seed(2**40)
    Traceback (most recent call last):
    ...
    hemascope.errors.HemascopeError: the seed cannot be 1099511627776. Choose one from 0 to 2,147,483,647.
    """
    if not 0 <= seed <= LARGEST:
        raise HemascopeError(f"the seed cannot be {str(seed)[:40]}", f"Choose one from 0 to {LARGEST:,}.")
