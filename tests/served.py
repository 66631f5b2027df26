"""A modem in an asyncio loop of its own, for foreign programs and libraries that wait for its answers."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any


class Served:
    """A context manager. make(): called in the loop, makes what is served, which has a close(); `with` gives that."""

    def __init__(self, make: Callable[[], Awaitable[Any]]) -> None:
        self._make = make
        self._ready = threading.Event()
        self._over: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._made: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Any:
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error
        return self._made

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._loop is not None and self._over is not None
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def call(self, function: Callable[[], Any]) -> Any:
        """Calls it in the loop, where what is served lives, and returns what it returns."""

        async def wrapped() -> Any:
            return function()

        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(wrapped(), self._loop).result(10)

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        try:
            self._made = await self._make()
        except BaseException as error:
            self._error = error
            return
        finally:
            self._ready.set()
        await self._over.wait()
        self._made.close()
