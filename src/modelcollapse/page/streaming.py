"""An answer that grows while it is computed, and a computation that ends when its reader leaves."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from modelcollapse.errors import LabError
from modelcollapse.page import wire
from modelcollapse.page.answers import logged, told
from modelcollapse.page.jobs import Job, Jobs, Stopped

NDJSON = b"application/x-ndjson"
LATER = wire.line({"type": "waiting"})
"""Said once, where a computation has to wait for others."""
PATIENCE = 60.0
"""Seconds that a reader may take nothing in: a frozen tab would keep its place for ever."""
HEADERS = [(b"content-type", NDJSON), (b"x-accel-buffering", b"no")]


class Streamed(Response):
    """Lines of JSON as ``work`` puts them into its job.

    Where there is no room, `TooMany` is raised before the answer begins. A thread begins at once, so that its
    first picture need not wait; before it goes on, it waits for its turn. Its place is free again when it has
    ended, not when its reader has gone: so never more than `AT_ONCE` go on.
    """

    def __init__(self, jobs: Jobs, work: Callable[[Job], None]) -> None:
        """Take what counts computations, and what computes."""
        super().__init__()
        self._jobs, self._work = jobs, work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all lines, or stop where nobody reads."""
        with self._jobs.job() as job:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            gone = asyncio.create_task(_gone(receive, job))
            try:
                await self._sent(job, send)
            finally:
                gone.cancel()

    async def _sent(self, job: Job, send: Send) -> None:
        turn = asyncio.create_task(self._turn(job))
        await asyncio.sleep(0.0)  # where a place is free, it is the job's before its thread begins
        job.start(self._guarded)
        try:
            while (lines := await job.lines()) is not None:
                async with asyncio.timeout(PATIENCE):
                    await _part(send, lines)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:  # the connection is cut, since the answer has no end
            pass
        finally:
            job.stop.set()
            if not job.turn.is_set():
                turn.cancel()
            with suppress(asyncio.CancelledError):
                await turn

    async def _turn(self, job: Job) -> None:
        """Hold one of the few places, from the job's turn until its thread has ended."""
        async with self._jobs.places:
            job.turn.set()
            await job.ended()

    def _guarded(self, job: Job) -> None:
        """Compute; an error is a line, too."""
        try:
            self._work(job)
        except Stopped:
            raise
        except LabError as error:
            job.put(wire.line({"type": "error", **told(error)}))
        except Exception as error:
            job.put(wire.line({"type": "error", **logged(error)}))


async def _gone(receive: Receive, job: Job) -> None:
    """Wait until the reader has left, and stop the computation."""
    while (await receive())["type"] != "http.disconnect":
        pass
    job.stop.set()


async def _part(send: Send, content: bytes) -> None:
    await send({"type": "http.response.body", "body": content, "more_body": True})
