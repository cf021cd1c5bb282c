"""``python -m hemascope.cli`` is ``hemascope``."""

from hemascope.cli import main

main()
