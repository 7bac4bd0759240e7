"""A run as a stream: every generation as it is computed, by the lab's own loop, all replicates at once."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from modelcollapse import results, saving
from modelcollapse.engines import ENGINES
from modelcollapse.experiment import Experiment
from modelcollapse.metrics import METRICS, metrics_of
from modelcollapse.page import slow
from modelcollapse.page.pictures import View
from modelcollapse.page.words import sentence
from modelcollapse.recursion import Info, State, generations
from modelcollapse.streams import generators
from modelcollapse.types import Params, Status
from modelcollapse.verdict import verdicts

PER_SECOND = 30.0
"""Lines a second at most."""
STORED = 400
"""Generations that are sent, about, at most."""
NUMBERS = 2_000_000
"""Numbers of parameters and metrics that are sent at most: of large recipes, fewer generations are."""
AT_ONCE = 2048
"""Models of a line at most."""
SHOWN = ("total_variance", "component_variance", "tail_mass", "heterozygosity", "total_variation",
         "categories_alive", "wasserstein2")  # fmt: skip
PARTS = {"weights": "weight", "means": "mean", "stds": "std"}
FAST_REPLICATES = 8
"""Replicates of a rough answer: the first ones, with the same numbers."""


@dataclass(frozen=True)
class Asked:
    """A run as it is asked for.

    Attributes
    ----------
    recipe
        As it was given; `settled` has an engine in the place of ``"auto"``, and is what is run.
    name
        The run's name.
    shown
        The replicate whose density and training set are sent.
    fast
        Whether a rough answer will do: a reader is dragging something.
    """

    recipe: Experiment
    settled: Experiment
    name: str
    shown: int = 0
    fast: bool = False


def chosen(last: int, most: int = STORED) -> list[int]:
    """The generations that are sent: all of few, else some in equal steps and some by equal factors."""
    if last <= most:
        return list(range(last + 1))
    even = np.linspace(0, last, max(most // 2, 2)).round().astype(int).tolist()
    log = np.array(saving.saved("log", last))
    log = log[np.linspace(0, len(log) - 1, max(min(len(log), most // 2), 2)).round().astype(int)]
    return sorted({*even, *log.tolist()})


def numbers_of(experiment: Experiment) -> int:
    """Numbers of a generation that a result stores."""
    return experiment.replicates * sum(int(np.prod(s)) for s in results.shapes(experiment).values())


def sent(experiment: Experiment) -> list[int]:
    """The generations of a recipe that are sent, and kept."""
    return chosen(experiment.generations, int(np.clip(NUMBERS // numbers_of(experiment), 20, STORED)))


class Run:
    """One run: what it sends, and the result that it leaves."""

    def __init__(self, asked: Asked) -> None:
        """Take what was asked for."""
        experiment = asked.settled
        if asked.fast and experiment.replicates > FAST_REPLICATES:
            experiment = experiment.changed(replicates=FAST_REPLICATES)
        self.asked, self.experiment = asked, experiment
        self.shown = min(asked.shown, experiment.replicates - 1)
        known = metrics_of(experiment.learner, experiment.source)
        self.metrics = [name for name in SHOWN if name in known]
        self.budget = slow.Budget(experiment, self.metrics, asked.fast)
        self.metrics = [name for name in self.metrics if name not in self.budget.left_out]
        self.view = View(experiment)
        self.saved = sent(experiment)
        self.variables = results.allocate(experiment, len(self.saved))
        self.dataset: xr.Dataset | None = None

    def lines(self, look: Callable[[], None], turn: Callable[[], None]) -> Iterator[dict[str, Any]]:
        """What is sent, line after line.

        ``look`` is called each generation, and may raise. ``turn`` is called after the first picture, which
        is of the truth, and may wait.
        """
        yield self._start()
        yield self._frames(0, [(None, None)])
        turn()
        began = self.budget.begin()
        block, column, last = list[tuple[State, Info]](), 1, 0.0
        together = min(results.at_once(self.experiment, self.experiment.replicates),
                       max(1, AT_ONCE // self.experiment.replicates))  # fmt: skip
        for state, info in self._generations():
            look()
            if state.generation == self.saved[column + len(block)]:
                block.append((state, info))
            done = column + len(block) == len(self.saved)
            now = time.monotonic()
            if block and (done or now - last >= 1.0 / PER_SECOND or len(block) >= together):
                time.sleep(max(0.0, last + 1.0 / PER_SECOND - now))
                last = time.monotonic()
                yield self._frames(column, block)
                column += len(block)
                block = []
            if done:
                break
        self.dataset = results.assemble(self.experiment, self.variables, self.saved)
        yield self._end(time.monotonic() - began)

    def _generations(self) -> Iterator[tuple[State, Info]]:
        experiment = self.experiment
        return generations(
            ENGINES[experiment.engine](experiment.learner),
            experiment.workflow,
            experiment.source,
            experiment.n_samples,
            experiment.start,
            generators(experiment.seed, experiment.key(), range(experiment.replicates)),
        )

    def _start(self) -> dict[str, Any]:
        experiment, view = self.experiment, self.view
        return {
            "type": "start",
            "id": self.asked.name,
            "recipe": json.loads(experiment.to_json()),
            "engine": experiment.engine,
            "items": experiment.learner.items,
            "notes": self.asked.recipe.notes(),
            "x": view.x,
            "truth": view.truth(),
            "edges": view.edges,
            "laws": slow.laws(experiment, self.metrics, self.saved),
            "metrics": {
                name: {
                    "label": METRICS[name].label,
                    "unit": METRICS[name].unit,
                    "truth": results.at_truth(experiment, name),
                }
                for name in self.metrics
            },
            "replicates": experiment.replicates,
            "generations": experiment.generations,
            "sent": len(self.saved),
            "components": experiment.learner.sizes().get("component", 1),
            "shown": self.shown,
        }

    def _frames(self, column: int, block: Any) -> dict[str, Any]:
        """Some generations in a line, from a column on; the truth is the first of them all."""
        here = slice(column, column + len(block))
        if column:
            learner, rows = self.experiment.learner, slice(0, self.experiment.replicates)
            plain = [(learner.without_items(state.params), info) for state, info in block]
            results.put(self.variables, rows, column, self.experiment, plain)
        counts = np.stack([self.variables[name][0, here] for name in results.COUNTS], axis=1)
        frames = {
            "type": "frames",
            "t": self.saved[here],
            "metrics": {name: self._measured(name, here) for name in self.metrics},
            "density": [self._density(state) for state, _ in block],
            "histogram": [self._histogram(state) for state, _ in block],
            "counts": counts,
            "status": self.variables["status"][:, here].T,
        }
        for name, variable in PARTS.items():
            if {"mean", "std"} <= {*self.variables}:
                frames[name] = self._parts(variable, here)
        return frames

    def _measured(self, name: str, here: slice) -> Any:
        """A metric ``(generation, replicate)``, by the lab; of a slow one, only what there is time for."""
        steps = self.saved[here]
        places = self.budget.places(name, len(steps), steps[-1] in (0, self.saved[-1]))
        values = np.full((len(steps), self.experiment.replicates), np.nan)
        if len(places):
            stored = {n: self.variables[n][:, here][:, places] for n in results.needed(self.experiment, name)}
            with self.budget.spent(name, len(places)), np.errstate(all="ignore"):
                found = results.evaluate(self.experiment, name, stored, np.array(steps)[places])
            values[places] = found.T
        return values if len(places) == len(steps) else _or_none(values, places)

    def _density(self, state: State | None) -> Any:
        return self.view.truth() if state is None else self.view.model(_one(state.params, self.shown))

    def _histogram(self, state: State | None) -> Any:
        return None if state is None else self.view.training(state.corpus.training, self.shown)

    def _parts(self, variable: str, here: slice) -> Any:
        """Weights, means or stds ``(generation, replicate, component)``."""
        if variable not in self.variables:  # one Gaussian has no weights
            return np.ones((here.stop - here.start, self.experiment.replicates, 1))
        values = self.variables[variable][:, here]
        return np.swapaxes(values if values.ndim == 3 else values[..., None], 0, 1)

    def _end(self, seconds: float) -> dict[str, Any]:
        assert self.dataset is not None
        status = self.dataset["status"].values
        counted = {
            str(member.name).lower(): int(((status & int(member)) != 0).any(axis=1).sum())
            for member in Status
        }
        judged = self.experiment.replicates > 1 and not self.asked.fast and slow.quick(self.experiment)
        return {
            "type": "end",
            "seconds": round(seconds, 3),
            "sentence": sentence(self.dataset),
            "verdicts": [str(verdict) for verdict in verdicts(self.dataset)] if judged else [],
            "status": {name: count for name, count in counted.items() if count},
        }


def _one(params: Params, replicate: int) -> Params:
    """One replicate of some parameters."""
    return type(params)(*(field[replicate : replicate + 1] for field in params))


def _or_none(values: Any, places: Any) -> list[Any]:
    """Rows that were computed, and null in the place of others."""
    return [row if i in set(places.tolist()) else None for i, row in enumerate(values)]
