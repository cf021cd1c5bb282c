"""What tasks tell and the caller answers: an actor of a Ray cluster."""

import asyncio
from collections import defaultdict
from typing import Any


class Mailbox:
    """Letters by the number of a call, each a tuple; they wait until they are taken.

    >>> async def talk():
    ...     box = Mailbox()
    ...     asked = asyncio.ensure_future(box.ask(1, ("asked", 0.5)))
    ...     letters = await box.take(1, 5.0)
    ...     await box.answer(1, True)
    ...     return letters, await asked
    >>> asyncio.run(talk())
    ([('asked', 0.5)], True)
    """

    def __init__(self) -> None:
        self._letters: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
        self._arrived: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self._asked: dict[int, asyncio.Future[bool]] = {}

    async def post(self, key: int, letters: list[tuple[Any, ...]]) -> None:
        """Leave letters."""
        self._letters[key] += letters
        self._arrived[key].set()

    async def take(self, key: int, seconds: float) -> list[tuple[Any, ...]]:
        """Take all letters of a call; waits for one for so many seconds."""
        if not self._letters[key]:
            try:
                await asyncio.wait_for(self._arrived[key].wait(), seconds)
            except TimeoutError:
                return []
        self._arrived[key].clear()
        return self._letters.pop(key, [])

    async def ask(self, key: int, letter: tuple[Any, ...]) -> bool:
        """Leave a letter and wait for its answer: whether to stop."""
        self._asked[key] = asyncio.get_running_loop().create_future()
        await self.post(key, [letter])
        return await self._asked[key]

    async def answer(self, key: int, stop: bool) -> None:
        """Answer the last letter that asked."""
        asked = self._asked.pop(key, None)
        if asked is not None and not asked.done():
            asked.set_result(stop)
