"""A run as a stream: every generation as it is computed, from the real lab."""

import json
import time
from collections.abc import Iterator
from threading import Event
from typing import Any

import numpy as np
import xarray as xr

from modelcollapse import results, saving
from modelcollapse.engines import ENGINES
from modelcollapse.experiment import Experiment
from modelcollapse.metrics import METRICS, metrics_of
from modelcollapse.page.pictures import View
from modelcollapse.page.words import sentence
from modelcollapse.recursion import Info, State, generations
from modelcollapse.sources import Law
from modelcollapse.streams import generators
from modelcollapse.theory import expectations
from modelcollapse.types import Params, Status
from modelcollapse.verdict import verdicts

PER_SECOND = 30.0
"""Lines a second at most."""
STORED = 400
"""Generations that are sent at most."""
SHOWN = ("total_variance", "component_variance", "tail_mass", "heterozygosity", "total_variation",
         "categories_alive", "wasserstein2")  # fmt: skip
SLOW = ("wasserstein2",)
"""Metrics that take a millisecond a model: sent of the last generation of a line alone."""


def chosen(last: int) -> list[int]:
    """The generations that are sent: all of few, else some in equal steps and some by equal factors."""
    if last <= STORED:
        return list(range(last + 1))
    even = np.linspace(0, last, STORED // 2).round().astype(int).tolist()
    return sorted({*even, *saving.saved("log", last)})


class Run:
    """One run: what it sends, and the result that it leaves."""

    def __init__(self, experiment: Experiment, asked: Experiment, name: str, stop: Event) -> None:
        """Take a recipe with an engine, and the one that was asked for."""
        self.experiment, self.asked, self.name, self.stop = experiment, asked, name, stop
        known = metrics_of(experiment.learner, experiment.source)
        self.metrics = [metric for metric in SHOWN if metric in known]
        self.view = View(experiment)
        self.saved = chosen(experiment.generations)
        self.dataset: xr.Dataset | None = None

    def lines(self) -> Iterator[dict[str, Any]]:
        """What is sent, line after line. Stops soon after `stop` is set."""
        began = time.monotonic()
        yield self._start()
        experiment = self.experiment
        variables = results.allocate(experiment, len(self.saved))
        block, columns, sent = list[tuple[State, Info]](), 1, time.monotonic()
        for state, info in self._generations():
            if self.stop.is_set():
                return
            if state.generation == self.saved[columns]:
                block.append((state, info))
                columns += 1
            done = columns == len(self.saved)
            if block and (done or time.monotonic() - sent >= 1.0 / PER_SECOND or len(block) == 64):
                params = [(experiment.learner.without_items(s.params), i) for s, i in block]
                rows = slice(0, experiment.replicates)
                results.put(variables, rows, columns - len(block), experiment, params)
                yield self._frames(block)
                block, sent = [], time.monotonic()
            if done:
                break
        self.dataset = results.assemble(experiment, variables, self.saved)
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
        steps = np.array([t for t in self.saved if t > 0], dtype=np.float64)
        laws = [
            {
                "metric": law.metric,
                "statistic": law.statistic,
                "label": law.label,
                "source": law.source,
                "values": np.column_stack([steps, law.at(steps)]),
            }
            for law in expectations(experiment)
            if law.metric in self.metrics and law.sense == "equal"
        ]
        same = None if experiment.start is None else Law(experiment.learner, experiment.start)
        return {
            "type": "start",
            "id": self.name,
            "recipe": json.loads(experiment.to_json()),
            "engine": experiment.engine,
            "notes": self.asked.notes(),
            "x": view.x,
            "truth": view.truth(),
            "edges": view.edges,
            "laws": laws,
            "metrics": {
                name: {
                    "label": METRICS[name].label,
                    "unit": METRICS[name].unit,
                    "truth": METRICS[name].value_at_truth(experiment.source, same),
                }
                for name in self.metrics
            },
            "replicates": experiment.replicates,
            "generations": experiment.generations,
            "components": experiment.learner.sizes().get("component", 1),
        }

    def _frames(self, block: list[tuple[State, Info]]) -> dict[str, Any]:
        """Some generations in a line."""
        recorded = [self.experiment.learner.record(state.params) for state, _ in block]
        frames: dict[str, Any] = {
            "type": "frames",
            "t": [state.generation for state, _ in block],
            "metrics": self._measured([state.params for state, _ in block]),
            "density": [self.view.model(_first(state.params)) for state, _ in block],
            "histogram": [self.view.training(state.corpus.training, 0) for state, _ in block],
            "counts": [info.counts[0] for _, info in block],
            "status": [info.status for _, info in block],
        }
        for name, variable in (("weights", "weight"), ("means", "mean"), ("stds", "std")):
            if variable in recorded[0] and recorded[0][variable].ndim == 2:
                frames[name] = [values[variable] for values in recorded]
        return frames

    def _measured(self, each: list[Params]) -> dict[str, Any]:
        """Metrics ``(generation, replicate)``; of slow ones the last generation alone."""
        family, truth = self.experiment.learner, self.experiment.source
        found: dict[str, Any] = {}
        for name in self.metrics:
            slow = name in SLOW
            some = each[-1:] if slow else each
            together = type(each[0])(*(np.concatenate(field) for field in zip(*some, strict=True)))
            with np.errstate(all="ignore"):
                values = METRICS[name].compute(Law(family, together), truth)
            rows = values.reshape(len(some), -1)
            found[name] = [None] * (len(each) - 1) + [rows[0]] if slow else rows
        return found

    def _end(self, seconds: float) -> dict[str, Any]:
        assert self.dataset is not None
        status = self.dataset["status"].values
        counted = {
            str(member.name).lower(): int(((status & int(member)) != 0).any(axis=1).sum())
            for member in Status
        }
        few = self.experiment.replicates < 2
        return {
            "type": "end",
            "seconds": seconds,
            "sentence": sentence(self.dataset),
            "verdicts": [] if few else [str(verdict) for verdict in verdicts(self.dataset)],
            "status": {name: count for name, count in counted.items() if count},
        }


def _first(params: Params) -> Params:
    """The first replicate of some parameters."""
    return type(params)(*(field[:1] for field in params))
