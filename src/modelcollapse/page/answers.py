"""Answers: JSON, and errors in words. None of them holds a path, a stack or anything of this computer."""

import secrets
import sys
import traceback
from contextlib import suppress
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from modelcollapse.errors import LabError, Problem
from modelcollapse.page import wire
from modelcollapse.page.jobs import TooMany

LONGEST = 80
"""Characters of a value that are said back."""
SENTENCES = {404: "There is nothing here.", 405: "Only GET, HEAD and POST are known here, each in its place."}


def answer(value: Any, status: int = 200, **headers: str) -> Response:
    """JSON."""
    return Response(wire.dumps(value), status, headers, "application/json")


async def body(request: Request) -> dict[str, Any]:
    """A request's table; 400 where it is none."""
    try:
        table = wire.loads(await request.body())
    except ValueError as error:
        raise HTTPException(400, f"The body is no JSON that is read here: {str(error)[:100]}.") from None
    if not isinstance(table, dict):
        raise HTTPException(400, "The body must be a table.")
    return table


def told(error: LabError) -> dict[str, Any]:
    """An error of the reader's, in words."""
    return {"error": "\n".join(map(str, error.problems)), "problems": list(map(_problem, error.problems))}


def _problem(problem: Problem) -> dict[str, Any]:
    value = problem.value
    if isinstance(value, dict | list | tuple):
        value = None  # what is allowed says it; the reader has the value
    if not isinstance(value, bool | int | float | None):
        value = str(value)[:LONGEST]
    return {"field": problem.field[:LONGEST], "value": value, "allowed": problem.allowed}


def logged(error: BaseException) -> dict[str, Any]:
    """An error of ours: an id for the reader, the rest for the log."""
    name = secrets.token_hex(8)
    stack = "".join(traceback.format_exception(error))
    with suppress(OSError, ValueError):  # nobody reads it
        print(f"error {name}: {stack}", file=sys.stderr, flush=True)
    said = f"Something went wrong here; the program's log has it as {name}."
    return {"error": said, "problems": [], "id": name}


def refused(_: Request, error: Exception) -> Response:
    """400, 404, 405 and the like."""
    assert isinstance(error, HTTPException)
    own = error.detail not in ("Not Found", "Method Not Allowed")
    text = error.detail if own else SENTENCES[error.status_code]
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    return answer({"error": text, "problems": []}, error.status_code, **headers)


def wrong(_: Request, error: Exception) -> Response:
    """A recipe, or data, that cannot be run."""
    assert isinstance(error, LabError)
    return answer(told(error), 422)


def many(_: Request, __: Exception) -> Response:
    """Too much at once."""
    text = "Others are at work here just now; try again in a few seconds."
    return answer({"error": text, "problems": []}, 429, **{"Retry-After": "2"})


def failed(_: Request, error: Exception) -> Response:
    """What should not happen."""
    return answer(logged(error), 500)


HANDLERS: Any = {HTTPException: refused, LabError: wrong, TooMany: many, Exception: failed}
"""What is answered to an error, by its class."""
