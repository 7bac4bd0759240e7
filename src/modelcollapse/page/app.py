"""The routes: what the page may ask for."""

import re
import threading
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from modelcollapse.errors import DataError, Problem, RecipeError
from modelcollapse.experiment import Experiment
from modelcollapse.page import downloads, limits, planned, wire
from modelcollapse.page.about import about
from modelcollapse.page.answers import HANDLERS, answer, body
from modelcollapse.page.jobs import LOOKS, Job, Jobs
from modelcollapse.page.memory import give_back
from modelcollapse.page.running import Asked, Run
from modelcollapse.page.shown_studies import ShownStudies
from modelcollapse.page.streaming import LATER, Streamed
from modelcollapse.page.uploads import LARGEST, Uploads

STATIC = Path(__file__).parent / "static"
NAME = re.compile(r"[0-9a-f]{16,64}")
SEED = re.compile(r"[0-9]{1,39}")
INDEX = re.compile(r"[0-9]{1,7}(,[0-9]{1,7}){0,9}")
FILES = {path.relative_to(STATIC).as_posix(): path for path in sorted(STATIC.rglob("*")) if path.is_file()}
"""All that is served from the disk: looked up by name, so that no path leads elsewhere."""
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


class Page:
    """The state of the server: runs, uploads, studies."""

    def __init__(self, studies: list[Path]) -> None:
        """Take the studies that are shown."""
        self.jobs, self.uploads, self.studies = Jobs(), Uploads(), ShownStudies(studies)
        self.first, self.every = threading.Event(), threading.Event()
        """Set once what the first story needs is compiled, and all that any run does: see `compiling`."""
        self.first.set()
        self.every.set()

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
        return Starlette(routes=routes, exception_handlers=HANDLERS)

    async def index(self, _: Request) -> Response:
        """The page itself."""
        return _file("index.html")

    async def static(self, request: Request) -> Response:
        """A script, a style, an icon."""
        return _file(request.path_params["name"])

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
                "python": downloads.as_python(text),
                "cost": {"seconds": cost.seconds, "memory": cost.memory},
                "engine": settled.engine,
                "notes": asked.notes(),
            }
        )

    async def upload(self, request: Request) -> Response:
        """A table of numbers that the reader brings."""
        table = await body(request)
        text, name, column = (table.get(key) for key in ("csv", "name", "column"))
        if not isinstance(text, str):
            raise RecipeError([Problem("csv", None, "must be text")])
        if len(text) > LARGEST or len(text.encode("utf-8", "replace")) > LARGEST:
            raise HTTPException(413, f"A table of at most {LARGEST >> 20} MB is taken.")
        wanted = column if isinstance(column, str) else None
        shown = name if isinstance(name, str) else ""
        key, found = await self.jobs.aside(self.uploads.add, text, shown, wanted)
        return answer({"upload": key, **found.told()})

    async def run(self, request: Request) -> Response:
        """Run a recipe, and send every generation as it is computed."""
        table = await body(request)
        recipe = self._experiment(table)
        settled = recipe.settled()
        limits.check_cost(settled)
        shown, fast = table.get("shown", 0), table.get("fast") is True
        if type(shown) is not int or not 0 <= shown < recipe.replicates:
            raise RecipeError([Problem("shown", shown, "must be the number of a replicate, from 0 on")])
        asked = Asked(recipe, settled, self.jobs.name(), shown, fast)

        def work(job: Job) -> None:
            run = Run(asked)
            try:
                for line in run.lines(job.look, lambda: _turn(job, self.first)):
                    if run.dataset is not None and not fast:
                        self.jobs.keep(asked.name, run.dataset)
                    job.put(wire.line(line))
            finally:
                give_back()

        return Streamed(self.jobs, work)

    async def plan(self, request: Request) -> Response:
        """How much real data is enough? Lines of progress, then the answers."""
        table = await body(request)
        recipe = self._experiment(table)
        asked = planned.Asked.of(recipe, table)

        def work(job: Job) -> None:
            _turn(job, self.every)
            planned.work(asked, job)

        return Streamed(self.jobs, work)

    async def result(self, request: Request) -> Response:
        """A finished run as a table or a figure."""
        name, kind = request.path_params["name"], request.path_params["kind"]
        dataset = self.jobs.result(name) if NAME.fullmatch(name) else None
        if dataset is None or kind not in downloads.TYPES:
            raise HTTPException(404, "There is no such result any more: run it again.")
        content = await self.jobs.aside(downloads.as_file, dataset, kind)
        return Response(content, media_type=downloads.TYPES[kind], headers=downloads.headers(kind))

    async def study(self, request: Request) -> Response:
        """A study as a map."""
        return answer(await self.jobs.aside(self.studies.map, self._study(request)))

    async def cell(self, request: Request) -> Response:
        """A cell of a study."""
        name, text = self._study(request), request.query_params.get("index", "")
        found = None
        if INDEX.fullmatch(text):
            index = tuple(map(int, text.split(",")))
            found = await self.jobs.aside(self.studies.cell, name, index)
        if found is None:
            raise HTTPException(404, "There is no such cell, or it is not computed.")
        return answer(found)

    def _study(self, request: Request) -> str:
        name = str(request.path_params["name"])
        if not NAME.fullmatch(name) or not self.studies.knows(name):
            raise HTTPException(404, "There is no such study.")
        return name

    def _experiment(self, table: dict[str, Any]) -> Experiment:
        """The recipe of a request, with its upload, within the page's limits."""
        raw = table.get("recipe")
        if not isinstance(raw, dict):
            raise RecipeError([Problem("recipe", None, "must be a table")])
        if isinstance(raw.get("seed"), str) and SEED.fullmatch(raw["seed"]):
            raw = {**raw, "seed": int(raw["seed"])}  # beyond 2^53, as a recipe's JSON holds it
        limits.check(raw)
        if table.get("upload") is None:
            limits.check_file(raw)
            return Experiment._from_raw(raw, Path(), "")
        upload = self.uploads.get(table["upload"])
        try:
            return Experiment._from_raw({**raw, "truth": upload.truth}, Path(), "", upload.data)
        except DataError as error:  # of the numbers, against the learner's need
            raise DataError(error.problems) from None


def _turn(job: Job, compiled: threading.Event) -> None:
    """Wait for the job's turn, and for what it needs to be compiled."""
    job.wait(LATER)
    while not compiled.wait(LOOKS):
        job.look()


def _file(name: str) -> Response:
    """A file of the page, by its name."""
    path = FILES.get(name)
    if path is None:
        raise HTTPException(404, "There is no such file.")
    return FileResponse(path, media_type=TYPES.get(path.suffix, "application/octet-stream"))
