"""The routes: what the page may ask for."""

import io
import re
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from modelcollapse.errors import DataError, LabError, RecipeError
from modelcollapse.experiment import Experiment
from modelcollapse.page import limits, wire
from modelcollapse.page.about import about
from modelcollapse.page.jobs import Jobs, TooMany, threaded
from modelcollapse.page.running import Run
from modelcollapse.page.shown_studies import ShownStudies
from modelcollapse.page.uploads import Uploads

STATIC = Path(__file__).parent / "static"
NAME = re.compile(r"[0-9a-f]{16,64}")
FILES = {str(path.relative_to(STATIC)): path for path in sorted(STATIC.rglob("*")) if path.is_file()}
"""All that is served from the disk: looked up by name, so that no path leads elsewhere."""
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png"}  # fmt: skip
NDJSON = "application/x-ndjson"
DRAWN = {"svg": "image/svg+xml", "png": "image/png"}


class Page:
    """The state of the server: runs, uploads, studies."""

    def __init__(self, studies: list[Path]) -> None:
        """Take the studies that are shown."""
        self.jobs, self.uploads, self.studies = Jobs(), Uploads(), ShownStudies(studies)

    def app(self) -> Starlette:
        """The application, without its guard."""
        routes = [
            Route("/", self.index),
            Route("/static/{name:path}", self.static),
            Route("/api/about", self.about),
            Route("/api/check", self.check, methods=["POST"]),
            Route("/api/upload", self.upload, methods=["POST"]),
            Route("/api/runs", self.run, methods=["POST"]),
            Route("/api/plan", self.plan, methods=["POST"]),
            Route("/api/runs/{name}/{kind}", self.result),
            Route("/api/studies/{name}", self.study),
            Route("/api/studies/{name}/cell", self.cell),
        ]
        handlers: Any = {HTTPException: refused, LabError: wrong, TooMany: many, Exception: failed}
        return Starlette(routes=routes, exception_handlers=handlers)

    async def index(self, _: Request) -> Response:
        """The page itself."""
        return file("index.html")

    async def static(self, request: Request) -> Response:
        """A script, a style, an icon."""
        return file(request.path_params["name"])

    async def about(self, _: Request) -> Response:
        """What there is: stories, workflows, limits."""
        return answer({**about(), "studies": self.studies.listed()})

    async def check(self, request: Request) -> Response:
        """A recipe filled in, as TOML and as Python, and what it takes."""
        asked = self._experiment(await body(request))
        settled = asked.settled()
        cost = limits.check_cost(settled)
        text = asked.to_toml()
        return answer(
            {
                "recipe": asked.table(),
                "toml": text,
                "python": as_python(text),
                "cost": {"seconds": cost.seconds, "memory": cost.memory},
                "notes": asked.notes(),
            }
        )

    async def upload(self, request: Request) -> Response:
        """A table of numbers that the reader brings."""
        import numpy as np

        table = await body(request)
        text, column = table.get("csv"), table.get("column")
        if not isinstance(text, str) or not (column is None or isinstance(column, str)):
            raise RecipeError("csv must be text")
        name, values = await run_in_threadpool(self.uploads.add, text, column)
        counts, edges = np.histogram(values, 50)
        found = {"upload": name, "n": len(values), "mean": values.mean(), "variance": values.var()}
        return answer({**found, "histogram": {"edges": edges, "counts": counts}})

    async def run(self, request: Request) -> Response:
        """Run a recipe, and send every generation as it is computed."""
        table = await body(request)
        asked = self._experiment(table)
        settled = asked.settled()
        limits.check_cost(settled)
        name = self.jobs.name()

        def work(stop: Event) -> Iterator[bytes]:
            run = Run(settled, asked, name, stop)
            for line in run.lines():
                if line["type"] == "end" and run.dataset is not None:
                    self.jobs.keep(name, run.dataset)
                yield wire.line(line)

        return self._streamed(work)

    async def plan(self, request: Request) -> Response:
        """How much real data is enough? Lines of progress, then the answers."""
        from modelcollapse import planning

        table = await body(request)
        asked = self._experiment(table)
        limits.check_cost(asked.settled())
        loss, sure = (table.get(key, default) for key, default in (("loss", 0.05), ("sure", 0.95)))
        questions = table.get("questions") or list(planning.QUESTIONS)
        sources = table.get("sources") or list(planning.KINDS)

        def work(stop: Event) -> Iterator[bytes]:
            lines: list[bytes] = []

            def told(text: str) -> None:
                if stop.is_set():
                    raise Stopped
                lines.append(wire.line({"type": "progress", "text": text}))

            for source in sources:
                for question in questions:
                    yield wire.line({"type": "progress", "text": f"{question}, {source} real items"})
                    answers = planning.plan(
                        asked,
                        limit=planning.Limit(table.get("of", "variance"), loss),
                        sure=sure,
                        questions=[question],
                        sources=[source],
                        progress=told,
                    )
                    yield from lines
                    lines.clear()
                    each = [
                        {**asdict(one), "share": None if one.count is None else one.count / asked.n_samples}
                        for one in answers
                    ]
                    yield wire.line({"type": "answers", "answers": each})

        return self._streamed(work)

    async def result(self, request: Request) -> Response:
        """A finished run as a table or a figure."""
        name, kind = request.path_params["name"], request.path_params["kind"]
        dataset = self.jobs.result(name) if NAME.fullmatch(name) else None
        if dataset is None or kind not in ("csv", *DRAWN):
            raise HTTPException(404, "There is no such result any more.")
        content = await run_in_threadpool(as_file, dataset, kind)
        headers = {"content-disposition": f'attachment; filename="modelcollapse.{kind}"'}
        return Response(content, media_type=DRAWN.get(kind, "text/csv; charset=utf-8"), headers=headers)

    async def study(self, request: Request) -> Response:
        """A study as a map."""
        return answer(await run_in_threadpool(self.studies.map, self._study(request)))

    async def cell(self, request: Request) -> Response:
        """A cell of a study."""
        text = request.query_params.get("index", "")
        if not re.fullmatch(r"\d{1,7}(,\d{1,7}){0,9}", text):
            raise HTTPException(404, "There is no such cell.")
        index = tuple(map(int, text.split(",")))
        found = await run_in_threadpool(self.studies.cell, self._study(request), index)
        if found is None:
            raise HTTPException(404, "There is no such cell.")
        return answer(found)

    def _study(self, request: Request) -> str:
        name = str(request.path_params["name"])
        if not NAME.fullmatch(name) or not self.studies.knows(name):
            raise HTTPException(404, "There is no such study.")
        return name

    def _experiment(self, table: Mapping[str, Any]) -> Experiment:
        """The recipe of a body, with its upload, within the page's limits."""
        raw, upload = table.get("recipe"), table.get("upload")
        if not isinstance(raw, dict):
            raise RecipeError("recipe must be a table")
        limits.check(raw)
        if upload is None:
            return Experiment._from_raw(raw, Path(), "")
        data = self.uploads.get(upload) if isinstance(upload, str) else None
        if data is None:
            raise DataError("the upload is not here any more: upload it again")
        return Experiment._from_raw(
            {**raw, "truth": {"family": "data", "path": "upload.csv"}}, Path(), "", data
        )

    def _streamed(self, work: Callable[[Event], Iterator[bytes]]) -> Response:
        self.jobs.enter()
        return StreamingResponse(self._lines(work), media_type=NDJSON)

    async def _lines(self, work: Callable[[Event], Iterator[bytes]]) -> AsyncIterator[bytes]:
        try:
            async with self.jobs.slot():
                async for line in threaded(work):
                    yield line
        except LabError as error:
            yield wire.line({"type": "error", **told(error)})
        except Exception as error:
            yield wire.line({"type": "error", **logged(error)})
        finally:
            self.jobs.leave()


class Stopped(Exception):
    """Nobody reads any more."""


async def body(request: Request) -> dict[str, Any]:
    """A request's table; 400 where it is none."""
    try:
        table = wire.loads(await request.body())
    except ValueError as error:
        raise HTTPException(400, f"The body is no JSON: {str(error)[:100]}") from None
    if not isinstance(table, dict):
        raise HTTPException(400, "The body must be a table.")
    return table


def answer(value: Any, status: int = 200, **headers: str) -> Response:
    """JSON."""
    return Response(wire.dumps(value), status, headers, "application/json")


def file(name: str) -> Response:
    """A file of the page, by its name."""
    path = FILES.get(name)
    if path is None:
        raise HTTPException(404, "There is no such file.")
    return FileResponse(path, media_type=TYPES.get(path.suffix, "application/octet-stream"))


def as_python(toml: str) -> str:
    """A program that runs a recipe."""
    return (
        "import modelcollapse as mc\n\n"
        f"experiment = mc.Experiment.from_toml({toml!r})\n"
        "dataset = mc.run(experiment)\n"
        'mc.plot(dataset, path="figure.png")\n'
    )


def as_file(dataset: Any, kind: str) -> bytes:
    """A result as a table or a figure, in memory."""
    import tempfile

    from modelcollapse import plots
    from modelcollapse.summary import write_csv

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"figure.{kind}"
        if kind == "csv":
            write_csv(dataset, path)
        else:
            plots.plot(dataset, path=path)
        return io.BytesIO(path.read_bytes()).getvalue()


def told(error: LabError) -> dict[str, Any]:
    """An error of the reader's, in words."""
    problems = [
        {"field": problem.field, "value": str(problem.value)[:80], "allowed": problem.allowed}
        for problem in error.problems
    ]
    return {"error": str(error), "problems": problems}


def logged(error: BaseException) -> dict[str, Any]:
    """An error of ours: an id for the reader, the rest for the log."""
    name = secrets.token_hex(8)
    print(f"error {name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    return {"error": f"Something went wrong here; the log has it as {name}.", "problems": [], "id": name}


def refused(_: Request, error: Exception) -> Response:
    """404, 405 and the like."""
    assert isinstance(error, HTTPException)
    sentences = {404: "There is nothing here.", 405: "That is not done here."}
    text = error.detail if error.detail not in ("Not Found", "Method Not Allowed") else ""
    return answer(
        {"error": text or sentences.get(error.status_code, "No."), "problems": []}, error.status_code
    )


def wrong(_: Request, error: Exception) -> Response:
    """A recipe, or data, that cannot be run."""
    assert isinstance(error, LabError)
    return answer(told(error), 422)


def many(_: Request, __: Exception) -> Response:
    """Too many runs at once."""
    text = "Other runs are under way; try again in a few seconds."
    return answer({"error": text, "problems": []}, 429, **{"Retry-After": "3"})


def failed(_: Request, error: Exception) -> Response:
    """What should not happen."""
    return answer(logged(error), 500)
