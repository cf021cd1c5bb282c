"""A process that helps the first one of a training, and is begun by it: ``python -m hemascope.train.worker``."""

import os
import sys
import threading
import time


def main(words: list[str]) -> None:
    """Help until there is nothing more to do.

    Args:
        words: the parent's process number, then what `hemascope.train.processes.joined` wants.
    """
    threading.Thread(target=_end_with, args=(int(words[0]),), daemon=True).start()
    from hemascope.train.fit import take_part
    from hemascope.train.launch import joined

    take_part(joined(words[1:]))


def _end_with(parent: int) -> None:
    """End this process when its parent is gone, wherever it waits."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
