"""A recipe's text: reading TOML, replacing values in it, and saying what is wrong in a user's words."""

import difflib
import tomllib
import typing
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from modelcollapse.errors import DataError, LabError, Problem, RecipeError

LARGEST_FILE = 10 * 2**20
"""Bytes of a recipe that are read at most."""

Raw = dict[str, Any]
"""A recipe as TOML gives it: nothing checked, nothing filled in."""

Keys = tuple[str, ...]
"""Where a value stands in a recipe: ``("workflow", "real")``."""

TAGS = ("family", "kind")
"""Keys that say which of several tables one is."""

DEFAULT_TEXT = """\
# The blog post's experiment. A key or a table left out takes its default; these are the defaults.
n_samples   = 10000      # N, the size of every training set; of a pool, what a generation adds
generations = 2000       # number of fits; generation 0 is the truth
replicates  = 8
seed        = 0
engine      = "exact"    # exact | grouped (counts on bins) | diffusion (first order in 1/N) | auto
streams     = "independent"  # common: the same random streams for every recipe, for paired comparison
save        = "all"      # all | log (about 200 log-spaced) | {every = 10}; 0 and the last always

[truth]
family  = "mixture"      # gaussian {mean, std} | mixture | data {path, column} |
                         # categorical {probabilities, or path, or zipf = {categories, exponent, shift}} |
                         # poisson {rate} | linear {coefficients, or dimension, noise} |
                         # gaussian-nd {dimension, or mean, covariance} | mixture-nd | data-nd {path, columns}
weights = [0.5, 0.5]
means   = [-2.0, 2.0]
stds    = [1.0, 1.0]

[learner]
family     = "mixture"   # gaussian {ddof = 0 | 1, or known_std} | mixture | bayesian-gaussian |
                         # kde {bandwidth} | empirical | estimator {name, settings}; of a truth of
                         # the same name categorical | poisson | linear {inputs, noise, ridge}; of
                         # vectors gaussian-nd {ddof} | mixture-nd {components}, kde, empirical, estimator
components = 2
solver     = "em"        # em: to the maximum | scikit-learn: that library at its own defaults
start      = "model"     # em only: model (from the generating parameters) | kmeans
tolerance  = 1e-5        # em only: stop when less than this is left to gain, in total nats
max_iterations = 10000   # em only
reg_covar  = 0.0         # em only

[workflow]
kind       = "mix"       # mix | accumulate | accumulate-subsample (these two: real and synthetic only)
                         # augment | weighted | biased | verified | decaying: with keys of their own
real       = 0.0         # fractions of N
kept       = 0.0         # carried over from the current training set, without replacement
# synthetic = 1.0        # what the other two leave, unless given; then the three must add up to 1
real_source = "fresh"    # fresh: new real items each generation | fixed: the first ones, replayed
assignment = "stratified"  # stratified: exact counts | per-sample: each item draws its source
"""
"""The default recipe, ready to edit."""


def read_recipe(path: Path) -> str:
    """Read a recipe's file as text; say what is wrong with a file that is none."""
    name = str(path)
    try:
        if path.is_dir():
            raise RecipeError("must be a file; this is a directory", name)
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise RecipeError("must be at most 10 MiB", name)
    except LabError:
        raise
    except FileNotFoundError:
        raise DataError("no such file", name) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RecipeError(f"cannot be read: {reason}", name) from None
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise RecipeError("must be UTF-8; this file is UTF-16", name)
    if not content.strip():
        raise RecipeError("is empty; `modelcollapse recipe` prints one to edit", name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecipeError(f"must be UTF-8; byte {error.start} is not", name) from None
    if "\0" in text:
        raise RecipeError("must be text; this file has NUL bytes", name)
    return text


def parse(text: str, file: str = "") -> Raw:
    """Parse TOML; a duplicate key or bad syntax is a `RecipeError` with line and column."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"is not TOML: {error}", file) from None
    except (RecursionError, ValueError) as error:
        raise RecipeError(f"is not TOML: {error}", file) from None


def read_source(source: str | Path) -> tuple[str, str]:
    """The text of a recipe and the file it is in: a text that holds a newline or "=" is in none."""
    if isinstance(source, str) and ("\n" in source or "=" in source):
        return source, ""
    return read_recipe(Path(source)), str(source)


def replace_values(raw: Raw, changes: Iterable[str]) -> Raw:
    """Apply ``key=value`` changes to a recipe's text, before defaults are filled in.

    A value is read as TOML, else as a string. A table that the recipe leaves out is the default
    table, and the change is made to that, unless it names another ``family`` or ``kind``; these
    come first, so that the order of changes does not matter. What follows ``sweep.`` is the whole
    path of an axis, however the text writes it.
    """
    raw, problems, settings = dict(raw), [], []
    for change in changes:
        key, equals, text = change.partition("=")
        parts = tuple(part.strip() for part in key.split("."))
        if parts[0] == "sweep" and len(parts) > 1:
            parts = ("sweep", *(part.strip("\"'") for part in parts[1:]))
        if not equals or not all(parts) or (len(parts) > 2 and parts[0] != "sweep"):
            problems.append(Problem("--set", change, "must be key=value or table.key=value"))
        elif parts[0] == "sweep" and len(parts) > 1:
            problems += _set_axis(raw, parts[1:], _value(text.strip()))
        else:
            settings.append((parts, _value(text.strip())))
    changed, wrong = with_values(raw, settings)
    problems += [Problem(f"--set {problem.field}", problem.value, problem.allowed) for problem in wrong]
    if problems:
        raise RecipeError(problems)
    return changed


def with_values(raw: Raw, settings: Iterable[tuple[Keys, Any]]) -> tuple[Raw, list[Problem]]:
    """Put values into a recipe's text, each at its path; the text that is given stays as it is.

    What names a ``family`` or ``kind`` comes first, since another than the default's has no default table.
    """
    raw, problems = dict(raw), []
    own: set[Keys] = set()  # tables that are copies already
    for path, value in sorted(settings, key=lambda setting: setting[0][-1] not in TAGS):
        table = raw
        for i, word in enumerate(path[:-1]):
            if word not in table:
                table[word] = {} if i else _default_table(word, path, value)
            elif isinstance(table[word], dict) and path[: i + 1] not in own:
                table[word] = dict(table[word])
            own.add(path[: i + 1])
            if not isinstance(table[word], dict):
                here = ".".join(path[: i + 1])
                problems.append(Problem(".".join(path), value, f"{here} is not a table"))
                break
            table = table[word]
        else:
            table[path[-1]] = value
            own.discard(path)
    return raw, problems


def _set_axis(raw: Raw, words: Keys, value: Any) -> list[Problem]:
    """Replace an axis of a study where it stands; a new one comes last."""
    name, sweep = ".".join(words), raw.get("sweep", {})
    if not isinstance(sweep, dict):
        return [Problem(f"--set sweep.{name}", value, "sweep is not a table")]
    raw["sweep"] = _axis_replaced(sweep, words, value) or {**sweep, name: value}
    return []


def _axis_replaced(table: Raw, words: Keys, value: Any) -> Raw | None:
    """A table with another value at a path, whichever of its dots are quoted; None where it has none."""
    for i in range(len(words), 0, -1):
        key, rest = ".".join(words[:i]), words[i:]
        if key in table and not rest:
            return {**table, key: value}
        inner = _axis_replaced(table[key], rest, value) if isinstance(table.get(key), dict) else None
        if inner is not None:
            return {**table, key: inner}
    return None


@cache
def _defaults() -> Raw:
    return tomllib.loads(DEFAULT_TEXT)


def _default_table(table: str, path: Keys, value: Any) -> Any:
    """What a change to a table that the recipe leaves out is made to."""
    default = {} if table == "save" else _defaults().get(table, {})
    if not isinstance(default, dict):
        return default
    other = len(path) == 2 and path[1] in TAGS and value != default.get(path[1])
    return {} if other else dict(default)


def _value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text


def problems_of(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Say pydantic's errors in a recipe's words: the field as written in TOML, and what is allowed."""
    return [_problem(dict(details), model) for details in error.errors(include_url=False)]


def _problem(details: Mapping[str, Any], model: type[BaseModel]) -> Problem:
    location, value, kind = details["loc"], details["input"], details["type"]
    context = details.get("ctx", {})
    field, owner = _place(location, model)
    if kind == "missing":
        return Problem(field, None, "must be given")
    if kind == "extra_forbidden" and location == ("sweep",):
        return Problem(field, None, "the recipe is a study: `modelcollapse sweep` runs it")
    if kind == "extra_forbidden":
        return Problem(field, value, _unknown(str(location[-1]), owner))
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        tag = str(context.get("discriminator", "")).strip("'")
        given = value.get(tag) if isinstance(value, dict) else value
        allowed = context.get("expected_tags") or _tags(model, str(location[0]))
        return Problem(f"{field}.{tag}", given, f"must be one of {allowed}")
    if kind == "literal_error":
        return Problem(field, value, f"must be {context['expected']}")
    if kind == "allowed":
        inner = context.get("field", "")
        shown = value.get(inner) if inner and isinstance(value, Mapping) else value
        return Problem(f"{field}.{inner}" if inner else field, shown, context["allowed"])
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return Problem(field, value, "must be a table")
    if kind == "too_short":
        return Problem(field, value, "must have at least one value")
    if kind == "tuple_type":
        return Problem(field, value, "must be a list of numbers")
    if kind == "string_type":
        return Problem(field, value, "must be text")
    return Problem(field, value, str(details["msg"]))


def _place(location: tuple[Any, ...], model: type[BaseModel]) -> tuple[str, type[BaseModel] | None]:
    """Write a location as in TOML, without the tags of unions, and find the table it lies in."""
    name, owner = "", model
    for part in location:
        if isinstance(part, int):
            name += f"[{part}]"
            continue
        tables = _tables(owner, name.rsplit(".", 1)[-1]) if name else {}
        if part in tables:
            owner = tables[part]
            continue
        if len(tables) == 1:
            owner = next(iter(tables.values()))
        name = f"{name}.{part}" if name else str(part)
    return name, owner


def _tables(model: type[BaseModel], field: str) -> dict[str, type[BaseModel]]:
    """The tables a field can hold, by their tag; one without a tag by none."""
    found: dict[str, type[BaseModel]] = {}
    info = model.model_fields.get(field)
    for choice in typing.get_args(info.annotation) if info else ():
        if isinstance(choice, type) and issubclass(choice, BaseModel):
            tags = [choice.model_fields[tag].default for tag in TAGS if tag in choice.model_fields]
            found[str(tags[0]) if tags else ""] = choice
    return found


def _tags(model: type[BaseModel], field: str) -> str:
    tables = _tables(model, field)
    return ", ".join(map(repr, tables))


def _unknown(key: str, owner: type[BaseModel] | None) -> str:
    fields = owner.model_fields if owner is not None else {}
    known = [field.alias or name for name, field in fields.items()]
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"is not a key of a recipe; {hint}known here: {', '.join(known)}"
