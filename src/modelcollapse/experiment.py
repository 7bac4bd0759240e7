"""The recipe as a value: everything that decides a result, checked, frozen, with a content key."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from pydantic import BeforeValidator, Field, PrivateAttr, TypeAdapter, ValidationError

from modelcollapse import families, recipe, saving, streams, toml, truths, workflows
from modelcollapse.engines import ENGINES
from modelcollapse.engines.choice import choose
from modelcollapse.errors import DataError, Problem, RecipeError
from modelcollapse.families.mixture import Mixture, MixtureTruth, lengths_differ
from modelcollapse.fields import LARGEST, Count, Seed, Table, bad
from modelcollapse.sources import DataSet, Law, Truth
from modelcollapse.types import Array, Params
from modelcollapse.workflows import Mix, Verified

STREAM_VERSION = 2
"""Raised when the same recipe draws other numbers than before."""


def _engine(value: Any) -> Any:
    if not isinstance(value, str) or value not in {**ENGINES, "auto": None}:
        raise bad(f"must be one of {', '.join(map(repr, ENGINES))} or 'auto'")
    return value


TruthTable: TypeAlias = Annotated[reduce(or_, truths.TRUTHS), Field(discriminator="family")]  # type: ignore[valid-type]
LearnerTable: TypeAlias = Annotated[reduce(or_, families.LEARNERS), Field(discriminator="family")]  # type: ignore[valid-type]
WorkflowTable: TypeAlias = Annotated[reduce(or_, workflows.WORKFLOWS), Field(discriminator="kind")]  # type: ignore[valid-type]


class Experiment(Table):
    """Everything that decides a result. The defaults are the blog post's experiment.

    Make one from the same names as in TOML, ``Experiment(n_samples=1000, workflow={"kind": "mix",
    "real": 0.1})``, or from a file with `from_toml`. It cannot be changed; ``changed(...)`` gives
    another.

    Parameters
    ----------
    n_samples
        N, the size of every training set, or what each generation adds to the pool.
    generations
        The number of fits; generation 0 is the truth.
    replicates
        The number of independent trajectories.
    seed
        From 0 to 2**128.
    engine, streams, save, truth, learner, workflow
        As in the recipe's page, ``docs/recipe.md``.

    Raises
    ------
    RecipeError
        With every problem found, not only the first.
    DataError
        Where the truth lies in a file that is not what it should be.
    """

    n_samples: Count = 10_000
    generations: Count = 2_000
    replicates: Count = 8
    seed: Seed = 0
    engine: Annotated[str, BeforeValidator(_engine)] = "exact"
    streams: Literal["independent", "common"] = "independent"
    save: Annotated[saving.Save, BeforeValidator(saving.check)] = "all"
    truth: TruthTable = MixtureTruth(weights=(0.5, 0.5), means=(-2.0, 2.0), stds=(1.0, 1.0))
    learner: LearnerTable = Mixture()
    workflow: WorkflowTable = Mix()

    _source: Truth = PrivateAttr()

    def __init__(self, **values: Any) -> None:
        """Check all values, and read the truth where it lies in a file."""
        self._build(values, Path(), "")

    def _build(
        self, values: Mapping[str, Any], base: Path, file: str, data: Array | DataSet | None = None
    ) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            found = recipe.problems_of(error, Experiment)
            found += _more_problems(values, found) + _file_problems(values.get("truth"), base, data)
            raise RecipeError(found, file) from None
        problems = fits_together(self)
        if problems:
            raise RecipeError(problems + _file_problems(values.get("truth"), base, data), file)
        try:
            self._source = truths.source_of(self.truth, base, data)
            problems = _data_problems(self)
        except DataError as error:
            raise DataError(error.problems, file) from None
        if problems:
            raise DataError(problems, file)
        self.__dict__["learner"] = self.learner.suited(self._source)

    @classmethod
    def from_toml(cls, source: str | Path, changes: Iterable[str] = ()) -> "Experiment":
        """Read a recipe: text if ``source`` holds a newline or "=", else a path.

        ``changes`` are ``"key=value"`` strings that replace values in the text before defaults are
        filled in, as ``--set`` does. A data file's path is relative to the recipe's.
        """
        text, file = recipe.read_source(source)
        raw = recipe.replace_values(recipe.parse(text, file), changes)
        return cls._from_raw(raw, Path(file).parent if file else Path(), file)

    @classmethod
    def from_json(cls, text: str, data: Array | None = None) -> "Experiment":
        """Read the recipe of a result; ``data`` are the numbers of its truth's file, if it has one."""
        raw = json.loads(text)
        raw["seed"] = int(raw.get("seed", 0))
        return cls._from_raw(raw, Path(), "", data)

    @classmethod
    def _from_raw(
        cls, raw: Mapping[str, Any], base: Path, file: str, data: Array | DataSet | None = None
    ) -> "Experiment":
        experiment = cls.__new__(cls)
        experiment._build(raw, base, file, data)
        return experiment

    def changed(self, **values: Any) -> "Experiment":
        """Another experiment, with some values replaced; everything is checked again."""
        held = self._source if isinstance(self._source, DataSet) else self.held
        data = None if "truth" in values else held
        return self._from_raw({**self.table(), **values}, Path(), "", data)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> "Experiment":
        """Copy, as pydantic does, but check what is changed."""
        return self.changed(**update) if update else super().model_copy(deep=deep)

    def table(self) -> dict[str, Any]:
        """The recipe as TOML holds it, all values filled in but those that are not given."""
        table: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        return table

    def to_toml(self) -> str:
        """The recipe as TOML, all values filled in."""
        return toml.dumps(self.table())

    def to_json(self) -> str:
        """The recipe as JSON; a seed beyond 2^53 as a string, since JSON's readers lose its digits."""
        table = self.table()
        table["seed"] = self.seed if self.seed <= 2**53 else str(self.seed)
        return json.dumps(table, sort_keys=True, allow_nan=False)

    @property
    def source(self) -> Truth:
        """The truth, as something to draw from."""
        return self._source

    @property
    def held(self) -> Array | None:
        """What the truth's file holds, where it lies in one."""
        return truths.held(self.truth, self._source)

    @property
    def start(self) -> Params | None:
        """The truth's parameters, where it is of the learner's family and size."""
        if not isinstance(self._source, Law) or self._source.family.name != self.learner.name:
            return None
        blank = self.learner.blank(1)
        fits = all(a.shape == b.shape for a, b in zip(self._source.params, blank, strict=True))
        return self._source.params if fits else None

    def content(self) -> dict[str, Any]:
        """What decides the numbers of one replicate: no replicates, generations or saved ones.

        Values at their defaults are left out, so that a key added to recipes later moves no stream;
        what lies in a file stands there with the hash of its numbers.
        """
        kept = self.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
        for name in ("generations", "replicates", "save", "seed", "streams"):
            kept.pop(name, None)
        for name, tag in (("truth", "family"), ("learner", "family"), ("workflow", "kind")):
            kept.setdefault(name, {})[tag] = getattr(getattr(self, name), tag)
        for name in self.workflow.follows:
            kept["workflow"].pop(name, None)
        if self.held is not None:
            kept["truth"] = {"family": self.truth.family, "sha256": truths.digest(self.held)}
        return {"version": STREAM_VERSION, **kept}

    def key(self) -> tuple[int, ...]:
        """The content key: eight 32-bit words, the recipe's part of every stream."""
        if self.streams == "common":
            return streams.COMMON_KEY
        text = json.dumps(self.content(), sort_keys=True, allow_nan=False)
        words = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype="<u4")
        return tuple(int(word) for word in words)

    def settled(self) -> "Experiment":
        """The recipe with an engine in the place of ``"auto"``: what is run, and what a result carries."""
        return self.changed(engine=choose(self)[0]) if self.engine == "auto" else self

    def saved(self) -> list[int]:
        """The generations that are stored: always 0 and the last."""
        return saving.saved(self.save, self.generations)

    def notes(self) -> list[str]:
        """What is allowed but should be known: a loose tolerance, a share of no item."""
        if self.engine == "auto":
            name, reason = choose(self)
            return [f'engine = "auto" takes the {name} engine: {reason}', *self.settled().notes()]
        return [
            *self.learner.notes(self.n_samples),
            *self.workflow.notes(self.n_samples),
            *ENGINES[self.engine](self.learner).notes(self.n_samples),
        ]

    def __eq__(self, other: object) -> bool:
        """Equal recipes give equal results, to the bit."""
        return (
            isinstance(other, Experiment)
            and self.to_json() == other.to_json()
            and self.content() == other.content()
        )

    def __hash__(self) -> int:
        """Hash the recipe."""
        return hash((self.to_json(), self.key()))


def fits_together(experiment: Experiment) -> list[Problem]:
    """What does not fit together, each table alone being right, and what the engine cannot do."""
    name = experiment.engine if experiment.engine != "auto" else choose(experiment)[0]
    engine = ENGINES[name](experiment.learner)
    return [
        *_other_items(type(experiment.truth), type(experiment.learner)),
        *experiment.learner.problems(experiment.n_samples),
        *experiment.workflow.refuses(experiment.learner, experiment.truth),
        *engine.refuses(experiment),
        *_too_many(experiment),
    ]


def _too_many(experiment: Experiment) -> list[Problem]:
    """A pool, or a training set, of more items than integers and floats count exactly."""
    most = experiment.workflow.largest(experiment.n_samples, experiment.generations)
    if most <= LARGEST:
        return []
    what = f"{'a pool' if experiment.workflow.grows else 'a training set'} of {most} items"
    allowed = f"with generations = {experiment.generations} makes {what}; at most 2^53 are counted"
    return [Problem("n_samples", experiment.n_samples, allowed)]


def _other_items(truth: Any, learner: Any) -> list[Problem]:
    """A learner of other items than the truth's."""
    if truth.items in (learner.learns or (learner.items,)):
        return []
    learners = (one for one in families.LEARNERS if truth.items in (one.learns or (one.items,)))
    fitting = ", ".join(repr(one.name) for one in learners)
    allowed = f"must be one of {fitting}: the truth's items are {truth.items}"
    return [Problem("learner.family", learner.name, allowed)]


def _more_problems(values: Mapping[str, Any], found: list[Problem]) -> list[Problem]:
    """Cross-check the tables that are right, so that all problems are told at once."""
    broken = {problem.field.split(".")[0].split("[")[0] for problem in found}
    right = {k: v for k, v in values.items() if k not in broken and k in Experiment.model_fields}
    truth = right.pop("truth", values.get("truth"))
    more = _lengths(truth)
    named = (
        _named(truths.TRUTHS, truth, "mixture"),
        _named(families.LEARNERS, values.get("learner"), "mixture"),
    )
    more += _other_items(*named) if all(named) else []
    more += _workflow_refuses(values)
    try:
        Experiment(**right)
    except RecipeError as error:
        elsewhere = [  # it had another truth
            p for p in error.problems if p.field != "learner.family" and not p.field.startswith("workflow.")
        ]
        more += [p for p in elsewhere if not broken & {p.field.split(".")[0], "learner"}]
    told = {(problem.field, problem.allowed) for problem in found}
    return [problem for problem in more if (problem.field, problem.allowed) not in told]


def _workflow_refuses(values: Mapping[str, Any]) -> list[Problem]:
    """What the workflow refuses, where it, the truth and the learner are right."""
    tables = []
    for name, kind in (("workflow", WorkflowTable), ("learner", LearnerTable), ("truth", TruthTable)):
        default = Experiment.model_fields[name].default
        try:
            tables.append(TypeAdapter(kind).validate_python(values.get(name, default)))
        except ValidationError:
            return []
    workflow, learner, truth = tables
    return list(workflow.refuses(learner, truth))


def _named(tables: tuple[type[Table], ...], raw: Any, default: str) -> type[Table] | None:
    """The table that a recipe's text names, or the default where it has none."""
    tag = raw.get("family") if isinstance(raw, Mapping) else getattr(raw, "family", None)
    tag = default if raw is None else tag
    if not isinstance(tag, str):
        return None
    return next((table for table in tables if table.model_fields["family"].default == tag), None)


def _lengths(truth: Any) -> list[Problem]:
    """A mixture's lists of different lengths, whatever else is wrong with them."""
    if not isinstance(truth, Mapping):
        return []
    lists = [truth.get(name) for name in ("weights", "means", "stds")]
    if not all(isinstance(part, list | tuple) for part in lists):
        return []
    problem = lengths_differ([len(part) for part in lists if part is not None])
    return [Problem("truth", dict(truth), problem)] if problem else []


def _file_problems(truth: Any, base: Path, data: Array | DataSet | None) -> list[Problem]:
    """What is wrong with a truth's file, so that it is told with what is wrong elsewhere."""
    table = _named(truths.TRUTHS, truth, "mixture")
    try:
        parsed = table.model_validate(truth) if table is not None and truth is not None else None
        if parsed is not None and truths.in_file(parsed):
            truths.source_of(parsed, base, data)
    except ValidationError:  # its table is told already
        return []
    except DataError as error:
        return list(error.problems)
    return []


def _data_problems(experiment: Experiment) -> list[Problem]:
    """What a file holds, against what the learner and the workflow need."""
    source, least = experiment.source, experiment.learner.least_values()
    if isinstance(source, Law) and truths.in_file(experiment.truth):
        work = experiment.workflow
        return work.unknown(source.params.probability.shape[1]) if isinstance(work, Verified) else []
    if not isinstance(source, DataSet) or least < 2:
        return []
    distinct = source.distinct
    if distinct >= least:
        return []
    allowed = f"must hold at least {least} distinct values, one a component; it has {distinct}"
    return [Problem("truth.path", experiment.truth.path, allowed)]
