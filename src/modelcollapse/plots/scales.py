"""Where the values of a sweep's axis lie on the axis of a figure: evenly, on a log scale, or as names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes as Panel
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, MaxNLocator

from modelcollapse.plots import style
from modelcollapse.plots.naming import short_names
from modelcollapse.studies.cells import Cells
from modelcollapse.types import Array

DECADE = 10.0
"""Values that span less than this factor are never drawn on a log scale."""
GAP = 0.35
"""Between 0 and the other values of a log scale, in slots."""
NAMED = 12
"""Names along an axis at most."""
ACROSS, UP = 34, 60
"""Characters that have room beneath a panel and beside it."""
SHARES = ("real", "synthetic", "kept")
WORDS = {"n_samples": "N"}
"""Keys of a recipe that have a shorter name on a figure."""
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Scale:
    """One axis of a sweep, as a figure's axis.

    Attributes
    ----------
    name, axis
        What stands beside it; the dimension.
    labels
        Each value in a word, ``(value,)``.
    position, low, high
        Where each value lies, and the ends of its slot, ``(value,)``.
    kind
        ``"linear"``, ``"log"``, or ``"names"``: values without distances.
    zero
        Whether each value is 0 on a log scale, with a slot of its own, ``(value,)``.
    values
        The numbers; those of names count from 0.
    """

    name: str
    axis: str
    labels: tuple[str, ...]
    position: Array
    low: Array
    high: Array
    kind: str
    zero: tuple[bool, ...]
    values: Array

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers, with distances."""
        return self.kind != "names"

    def draw(self, axis: Axis, room: int) -> None:
        """Write its ticks on a panel's axis, where about so many characters find room."""
        at, names = self._ticks(room)
        axis.set_major_locator(FixedLocator(at))
        axis.set_ticklabels(names, parse_math=False, fontsize=style.TEXT)
        if self.numeric and len(at) < len(self.position):
            axis.set_minor_locator(FixedLocator(self.position.tolist()))

    def _ticks(self, room: int) -> tuple[list[float], list[str]]:
        """Each value where there is room; else round numbers among them, and of names some."""
        order = np.argsort(self.position, kind="stable")
        names = [self.labels[i] for i in order]
        if sum(len(name) + 2 for name in names) <= room:
            return self.position[order].tolist(), names
        if not self.numeric:
            every = -(-len(order) // NAMED)
            return self.position[order][::every].tolist(), names[::every]
        if self.kind == "linear":
            ticks = MaxNLocator(5).tick_values(self.values.min(), self.values.max())
            inside = ticks[(ticks >= self.low.min()) & (ticks <= self.high.max())]
            return inside.tolist(), [number(value) for value in inside]
        positive = self.values[self.values > 0.0]
        first, last = np.log10(positive.min()), np.log10(positive.max())
        exponents = np.arange(np.ceil(first - 1e-9), last + 1e-9, 1 + (last - first) // 7)
        zero = [float(p) for p, is_zero in zip(self.position, self.zero, strict=True) if is_zero]
        return [*zero, *exponents.tolist()], ["0"] * len(zero) + [number(10.0**e) for e in exponents]


def scale_of(cells: Cells, axis: str) -> Scale:
    """Lay out an axis of a study."""
    along = cells.coordinates(axis)
    varied = {name: column for name, column in along.items() if len(set(column.tolist())) > 1} or along
    name = next(iter(varied)) if len(varied) == 1 else axis
    name = WORDS.get(name, name)
    columns = [_words(column.tolist()) for column in varied.values()]
    labels = tuple(", ".join(map(number, row)) for row in zip(*columns, strict=True))
    (first, *more) = varied.values()
    if more or first.dtype.kind not in "iuf":
        place = np.arange(len(labels), dtype=np.float64)
        nowhere = (False,) * len(labels)
        return Scale(name, axis, labels, place, place - 0.5, place + 0.5, "names", nowhere, place)
    return _of_numbers(name, axis, labels, first.astype(np.float64))


def _of_numbers(name: str, axis: str, labels: tuple[str, ...], values: Array) -> Scale:
    if not _spans_decades(values):
        low, high = _slots(values)
        return Scale(name, axis, labels, values, low, high, "linear", (False,) * len(values), values)
    zero = values == 0.0
    position, low, high = np.empty((3, len(values)))
    position[~zero] = np.log10(values[~zero])
    low[~zero], high[~zero] = _slots(position[~zero])
    width = float(np.median((high - low)[~zero]))
    position[zero] = low[~zero].min() - (0.5 + GAP) * width
    low[zero], high[zero] = position[zero] - 0.5 * width, position[zero] + 0.5 * width
    return Scale(name, axis, labels, position, low, high, "log", tuple(zero.tolist()), values)


def _spans_decades(values: Array) -> bool:
    """Whether a log scale spreads values more evenly than a linear one."""
    positive = np.unique(values[values > 0.0])
    if values.min() < 0.0 or len(positive) < 2 or positive[-1] < DECADE * positive[0] * (1.0 - 1e-12):
        return False
    return _unevenness(np.log10(positive)) <= _unevenness(np.unique(values)) + 1e-9


def _unevenness(values: Array) -> float:
    steps = np.diff(values)
    return float(steps.std() / steps.mean())


def _slots(position: Array) -> tuple[Array, Array]:
    """The ends of the slots of values: halfway to the neighbours, outermost ones as far as within."""
    order = np.argsort(position, kind="stable")
    at = position[order]
    step = np.diff(at) if len(at) > 1 else np.ones(1)
    middle = 0.5 * (at[1:] + at[:-1])
    low, high = np.empty((2, len(at)))
    low[order] = np.concatenate([[at[0] - 0.5 * step[0]], middle])
    high[order] = np.concatenate([middle, [at[-1] + 0.5 * step[-1]]])
    return low, high


def simplex_of(cells: Cells) -> str | None:
    """The axis whose points set the three shares, if there is one."""
    for axis in cells.study.axes:
        three = all(set(point) == {f"workflow.{share}" for share in SHARES} for point in axis.values)
        if three and axis.name in cells.axes and cells.dataset.sizes[axis.name] > 2:
            return axis.name
    return None


def shares_of(cells: Cells, name: str) -> Array:
    """The shares of real, synthetic and kept items along a simplex, ``(value, 3)``."""
    points = next(axis.values for axis in cells.study.axes if axis.name == name)
    chosen = (points[place] for place in cells.places[name])
    return np.array([[float(point[f"workflow.{share}"]) for share in SHARES] for point in chosen])


def _words(column: list[Any]) -> Sequence[Any]:
    return short_names(column) if all(isinstance(value, str) for value in column) else column


def number(value: object) -> str:
    """A value of an axis in a word."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if value and not 1e-3 * (1.0 - 1e-12) <= abs(value) < 1e5:
        exponent = int(np.floor(np.log10(abs(value)) + 1e-12))
        digits = value / 10.0**exponent
        power = f"10{str(exponent).translate(SUPERSCRIPT)}"
        return power if abs(digits - 1.0) < 1e-9 else f"{digits:.3g}·{power}"
    return f"{value:,.0f}" if value == int(value) else f"{value:.6g}"


def round_numbers(low: float, high: float) -> list[float]:
    """Ticks of a log scale: powers of ten, with 2 and 5, or 3, between them where these are few."""
    decades = np.log10(high / low)
    digits = (1.0,) if decades > 3.5 else (1.0, 3.0) if decades > 2.0 else (1.0, 2.0, 5.0)
    tens = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1.0)[:: 1 + int(decades > 7.0)]
    ticks = [float(f"{digit * 10.0**ten:.3g}") for ten in tens for digit in digits]
    return [tick for tick in ticks if low * (1.0 - 1e-9) <= tick <= high * (1.0 + 1e-9)]


def name_axes(panel: Panel, x: Scale, y: Scale | None = None) -> None:
    """Write the names of a panel's axes and their ticks."""
    x.draw(panel.xaxis, ACROSS)
    panel.set_xlabel(x.name, fontsize=style.TEXT, parse_math=False)
    if not x.numeric and max(map(len, x.labels)) * len(x.labels) > ACROSS:
        panel.tick_params(axis="x", labelrotation=25)
    if y is not None:
        y.draw(panel.yaxis, UP)
        panel.set_ylabel(y.name, fontsize=style.TEXT, parse_math=False)
