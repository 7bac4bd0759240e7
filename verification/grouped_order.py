"""The error of the grouped engine against the width of its bins.

    python verification/grouped_order.py    # three to four minutes on two free cores; writes its table

A fit to rounded items is noisier than one to the items themselves. For one Gaussian of standard deviation s
on bins of width w, with u = w^2/(12 s^2), the variance of the mean is 1 + u times as large, and that of the
variance (1 + u)^2 - w^4/(240 s^4): the fourth cumulant of a uniform variable is -w^4/120. So the *excess*,
the ratio of variances minus 1, is of second order in the width. For a mixture the excess of each parameter is
computed, without simulation, from the scores of the rounded law (`sandwich`).

Here it is measured at four widths, each half of the one before, after one fit and after some generations, and
an exponent is fitted: excess = a width^p by weighted least squares, which is the slope of log(excess) on
log(width) and may see an excess of 0. Beside it stands the exponent that the formula gives at these widths
with these weights: the widest bins, which weigh most, are wide enough to show the fourth order too.

What the noise is compared with: for one Gaussian the exact laws (trigamma function; the recursion of the
squared error of the mean). Several generations of a mix and a mixture have no exact law; theirs is that of
first order in 1/N, at an N so large that the next order is 1e-4 of it: the covariance of one fit, times the
same recursion. The finest bins are a control, and no part of the fit: their excess must be 0.1 % or less.
"""

import platform
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from time import perf_counter

import numpy as np
from scipy.optimize import curve_fit
from scipy.special import ndtr, polygamma, psi

import modelcollapse as mc
from modelcollapse.engines.grouped import GroupedEngine
from modelcollapse.families.gaussian import Gaussian, GaussianParams
from modelcollapse.families.mixture import Mixture, MixtureParams
from modelcollapse.grids import Resolution
from modelcollapse.recursion import generations
from modelcollapse.sources import Law
from modelcollapse.streams import STREAM_LANES, WORDS, Streams
from modelcollapse.theory import moment_recursion
from modelcollapse.workflows import Mix

SEED = 20
CENTRE, SPREAD = 0.3, 2.0**0.5
"""The spread is in the middle between two powers of 2, on a log scale: widths do not change on the way."""
PARTS = (0.5, 1.0, 2.0, 4.0)
CONTROL = 16.0
CHUNK = 10_000
MIXES = {"real 0": Mix(), "real 0.1": Mix(real=0.1), "real 0.1, kept 0.3": Mix(real=0.1, kept=0.3)}
GAUSSIAN = Law(Gaussian(), GaussianParams(np.array([CENTRE]), np.array([SPREAD])))

Formula = Callable[[np.ndarray], np.ndarray]


def two_components(separation: float) -> MixtureParams:
    """Two alike components, so many standard deviations apart; 4 is the reference mixture."""
    mean = CENTRE + 0.5 * separation * SPREAD * np.array([[-1.0, 1.0]])
    return MixtureParams(np.array([[0.5, 0.5]]), mean, np.full((1, 2), SPREAD))


def width_of(parts: float) -> float:
    """The width of the bins in standard deviations."""
    return float(2.0 ** np.floor(np.log2(SPREAD / parts)) / SPREAD)


WIDTHS = np.array([width_of(parts) for parts in PARTS])


@dataclass(frozen=True)
class Case:
    """What is measured, of which generation, and each statistic's variance and the formula of its excess."""

    law: Law
    mix: Mix
    n: int
    generation: int
    replicates: int
    statistics: dict[str, Callable[..., np.ndarray]]
    variances: dict[str, float]
    formulas: dict[str, Formula]


@dataclass(frozen=True)
class Row:
    """A statistic's excess at each width with standard errors, beside the formula's; both exponents."""

    what: str
    found: np.ndarray
    error: np.ndarray
    formula: np.ndarray
    control: tuple[float, float]

    @property
    def exponent(self) -> tuple[float, float]:
        """The exponent measured, and its standard error."""
        return exponent(self.found, self.error)

    @property
    def expected(self) -> float:
        """That of the formula, at the same widths with the same weights."""
        return exponent(self.formula, self.error)[0]

    @property
    def z(self) -> np.ndarray:
        """The excess against the formula, at each width."""
        return (self.found - self.formula) / self.error


def exponent(found: np.ndarray, error: np.ndarray) -> tuple[float, float]:
    """The p of found = a width^p and its standard error, by weighted least squares."""
    (_, p), cov = curve_fit(
        lambda w, a, p: a * w**p, WIDTHS, found, (found[0] / WIDTHS[0] ** 2, 2.0), error, absolute_sigma=True
    )
    return float(p), float(np.sqrt(cov[1, 1]))


# simulations


def streams_of(replicates: int, seed: tuple[int, ...]) -> Streams:
    """States for kernels out of one generator: one generator a replicate, as a recipe has, takes longer."""
    rng = np.random.Generator(np.random.PCG64DXSM(list(seed)))
    state = rng.integers(2**64, size=(replicates, WORDS, STREAM_LANES), dtype=np.uint64)
    return Streams((rng,) * replicates, state)


def simulate(case: Case, parts: float, replicates: int, seed: tuple[int, ...]) -> list:
    """Parameters of the generation looked at, a chunk after the other."""
    engine = GroupedEngine(case.law.family, parts)

    def chunk(i: int):
        each = streams_of(CHUNK, (*seed, i))
        steps = generations(engine, case.mix, case.law, case.n, case.law.params, each)
        for _ in range(case.generation):
            state, _ = next(steps)
        widths = state.corpus.training.grid.width() / SPREAD
        assert (widths == width_of(parts)).all(), "a replicate's bins have changed their width"
        return state.params

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(chunk, range(-(-replicates // CHUNK))))


def excess(values: np.ndarray, variance: float) -> tuple[float, float]:
    """Variance over replicates against the law's, minus 1; its standard error, from the fourth moment."""
    away = (values - values.mean()) ** 2
    return away.mean() / variance - 1.0, away.std() / variance / np.sqrt(len(away))


def measure(title: str, case: Case, number: int, control: bool = True) -> list[Row]:
    """Measure the excess of each statistic of a case at the four widths, and at the control's."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in case.statistics}
    for i, parts in enumerate((*PARTS, CONTROL) if control else PARTS):
        replicates = case.replicates if parts != CONTROL else case.replicates // 4
        chunks = simulate(case, parts, replicates, (SEED, number, i))
        for name, statistic in case.statistics.items():
            values = np.concatenate([statistic(params) for params in chunks])
            seen[name].append(excess(values, case.variances[name]))
    return [row(f"{title}: {name}", pairs, case.formulas[name]) for name, pairs in seen.items()]


def row(what: str, pairs: list[tuple[float, float]], formula: Formula) -> Row:
    """Put together what was found at the four widths and, behind them, at the control's."""
    found, error = np.array(pairs[: len(PARTS)]).T
    return Row(what, found, error, formula(WIDTHS), (*pairs[len(PARTS) :], (np.nan, np.nan))[0])


# laws and formulas


def growth(mix: Mix, n: int, t: int) -> float:
    """The squared error of a mean after t generations, where one item's variance is 1: B_t/V0."""
    truth = {"family": "gaussian", "mean": 0.0, "std": 1.0}
    experiment = mc.Experiment(n_samples=n, truth=truth, learner={"family": "gaussian"}, workflow=mix)
    return float(moment_recursion(experiment, t)[1][t])


def of_mean(w: np.ndarray) -> np.ndarray:
    """The excess of a Gaussian's mean."""
    return w**2 / 12.0


def of_variance(w: np.ndarray) -> np.ndarray:
    """The excess of a Gaussian's variance, and of its logarithm to first order in 1/N."""
    return (1.0 + w**2 / 12.0) ** 2 - w**4 / 240.0 - 1.0


def of_drift(w: np.ndarray) -> np.ndarray:
    """The excess of the drift of its log variance: log E V less half a variance, to first order in 1/N."""
    return 0.5 * (of_mean(w) + of_variance(w))


def scores(z: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Scores ``(parameter, point)`` of a mixture of two in (logit of weight, means, log stds)."""
    logit, m, s = at[0], at[1:3, None], np.exp(at[3:5, None])
    y = (z - m) / s
    each = np.exp(-0.5 * y * y + np.array([[logit], [0.0]])) / s
    r = each / each.sum(axis=0)
    return np.concatenate([r[:1] - 1.0 / (1.0 + np.exp(-logit)), r * y / s, r * (y * y - 1.0)])


@cache
def sandwich(width: float, separation: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """Where a corrected fit to rounded items ends, and N times its covariance.

    The scores g of the likelihood are added up over items of the rounded law. With H their mean slope and J
    their mean square, the covariance is H^-1 J H^-T/N (Huber 1967, Proc. 5th Berkeley Symp. 1, 221); where
    nothing is rounded, H = J is Fisher's information. Lengths are in units of a component's std, and edges of
    bins lie as in the simulations. A width of 0 stands for one as good as that.
    """
    bin_width, centre = width or 2.0**-11, CENTRE / SPREAD
    ends = np.floor((centre - 13.0) / bin_width), np.ceil((centre + 13.0) / bin_width)
    edges = np.arange(ends[0], ends[1] + 1) * bin_width
    means = centre + 0.5 * separation * np.array([-1.0, 1.0])
    mass = sum(0.5 * np.diff(ndtr(edges - mean)) for mean in means)
    z = 0.5 * (edges[1:] + edges[:-1])

    def mean_score(at: np.ndarray) -> np.ndarray:
        return scores(z, at) @ mass

    at = np.array([0.0, *means, 0.0, 0.0])
    at[3:] = 0.5 * np.log1p(width**2 / 12.0)
    for _ in range(30):  # Newton's method, the slope by differences
        steps = 1e-5 * np.eye(5)
        slope = np.stack([(mean_score(at + h) - mean_score(at - h)) / 2e-5 for h in steps], axis=1)
        at = at - np.linalg.solve(slope, mean_score(at))
    inverse, g = np.linalg.inv(slope), scores(z, at)
    covariance = inverse @ ((g * mass) @ g.T) @ inverse.T
    corrected = 1.0 - width**2 / 12.0 * np.exp(-2.0 * at[3:])
    stretch = np.append(np.ones(3), 1.0 / corrected)  # from the log of the wider std to that of the std
    at[3:] += 0.5 * np.log(corrected)
    return at, covariance * np.outer(stretch, stretch)


def of_parameter(i: int) -> Formula:
    """The excess of the mixture's i-th parameter, as a function of the width."""
    return lambda w: np.array([sandwich(float(v))[1][i, i] / sandwich(0.0)[1][i, i] for v in w]) - 1.0


# cases


def gaussian_case(mix: Mix, n: int, generation: int, replicates: int) -> Case:
    """One Gaussian: its mean and the logarithm of its variance."""
    error = growth(mix, n, generation)
    exact = generation * float(polygamma(1, (n - 1) / 2))
    return Case(
        GAUSSIAN, mix, n, generation, replicates,
        {"mean": lambda p: p.mean / SPREAD, "log variance": lambda p: 2.0 * np.log(p.std)},
        {"mean": error, "log variance": exact if mix == Mix() else 2.0 * error},
        {"mean": of_mean, "log variance": of_variance},
    )  # fmt: skip


def mixture_case(mix: Mix, n: int, generation: int, replicates: int) -> Case:
    """The reference mixture: a weight, a mean, a std; the two components are alike, by symmetry."""
    error, covariance = growth(mix, n, generation), sandwich(0.0)[1]
    place = {"logit of weight": 0, "mean of component": 1, "log std of component": 3}
    return Case(
        Law(Mixture(), two_components(4.0)), mix, n, generation, replicates,
        {
            "logit of weight": lambda p: np.log(p.weight[:, 0] / p.weight[:, 1]),
            "mean of component": lambda p: p.mean[:, 0] / SPREAD,
            "log std of component": lambda p: np.log(p.std[:, 0]),
        },
        {name: error * covariance[i, i] for name, i in place.items()},
        {name: of_parameter(i) for name, i in place.items()},
    )  # fmt: skip


def drift(n: int, replicates: int, number: int) -> Row:
    """The drift of a Gaussian's log variance in one fit, against its law; as a share of it.

    Items must not be so few that all those of some replicate lie in one or two of the widest bins.
    """
    law = float(psi((n - 1) / 2) + np.log(2.0 / n))
    case, pairs = Case(GAUSSIAN, Mix(), n, 1, replicates, {}, {}, {}), []
    for i, parts in enumerate((*PARTS, CONTROL)):
        chunks = simulate(case, parts, replicates if parts != CONTROL else replicates // 4, (SEED, number, i))
        values = 2.0 * np.log(np.concatenate([params.std for params in chunks]) / SPREAD)
        pairs.append((values.mean() / law - 1.0, values.std() / np.sqrt(len(values)) / abs(law)))
    return row(f"Gaussian, one fit, N = {n}: drift of log variance", pairs, of_drift)


def without_noise(separation: float) -> np.ndarray:
    """What the engine's fit makes of a mixture on ever more items: the log of its std less the truth's.

    The masses are fitted themselves, as if N were 10^12. Nothing random is left: a rounded Gaussian is no
    Gaussian, its fourth cumulant is short by w^4/120, and where components overlap a fit feels it.
    """
    family, truth, away = Mixture(tolerance=1e-6), two_components(separation), []
    for parts in PARTS:
        grid = family.grid(truth, Resolution(parts, np.array([7.5])))
        weight, rounding = 1e12 * family.masses(truth, grid), grid.width() ** 2 / 12.0
        x = (grid.first[0] + np.arange(grid.bins[0]) + 0.5) * grid.width()[0]
        start = family.widened(truth, rounding)
        fit = family.fit(x[None], grid.bins, weight, start, streams_of(1, (SEED,)))
        away.append(np.log(family.widened(fit.params, -rounding).std[0, 0] / SPREAD))
    return np.array(away)


# the report


def line(row: Row) -> str:
    """A row of the table."""
    cells = " ".join(f"{100 * e:7.3f} ({100 * d:.3f})" for e, d in zip(row.found, row.error, strict=True))
    control = f"{100 * row.control[0]:+7.3f} ({100 * row.control[1]:.3f})"
    (p, d), expected = row.exponent, row.expected
    ends = f"{p:5.2f} ({d:.2f}) {expected:6.2f} {(p - expected) / d:+6.2f} {np.abs(row.z).max():6.2f}"
    return f"{row.what:65s} {cells} {control}   {ends}"


def orders(name: str, formula: Formula) -> str:
    """What a formula gives at the four widths and at ever finer ones, and the exponent of each halving."""
    values = formula(WIDTHS[0] * 0.5 ** np.arange(6))
    cells = " ".join(f"{100 * value:9.4f}" for value in values)
    return f"{name:25s} {cells}   " + " ".join(f"{v:5.2f}" for v in np.log2(values[:-1] / values[1:]))


def run() -> list[Row]:
    """Measure all cases."""
    rows = measure("Gaussian, one fit, N = 400", gaussian_case(Mix(), 400, 1, 1_000_000), 1)
    for i, (name, mix) in enumerate(MIXES.items()):
        rows += measure(f"Gaussian, 4 generations, {name}", gaussian_case(mix, 100_000, 4, 300_000), 10 + i)
    rows += measure("mixture, one fit, N = 100,000", mixture_case(Mix(), 100_000, 1, 400_000), 2)
    for i, (name, mix) in enumerate(MIXES.items()):
        rows += measure(f"mixture, 3 generations, {name}", mixture_case(mix, 100_000, 3, 150_000), 20 + i)
    return [*rows, drift(60, 2_000_000, 3)]


def report() -> str:
    """Run all cases; give the text of the result."""
    start = perf_counter()
    table = [line(row) for row in run()]
    widths = ", ".join(f"{width:.3f}" for width in WIDTHS)
    text = [
        "The error of the grouped engine against the width of its bins",
        f"{date.today()}, modelcollapse {mc.__version__}, numpy {np.__version__}, "
        f"Python {platform.python_version()}, seed {SEED}, {perf_counter() - start:.0f} seconds",
        "",
        "Excess of a variance (in the last row: of a drift) over the law, in percent, with standard errors,",
        f"at widths of {widths} and, as a control, {width_of(CONTROL):.3f} standard deviations; the exponent",
        "fitted to the first four; that of the formula at these widths with these weights; z of the",
        "difference; the largest |z| of the four excesses against the formula.",
        "",
        f"{'':65s} {'widest':>15s} {'half':>15s} {'quarter':>15s} {'eighth':>15s} {'control':>15s}   "
        f"{'exponent':>12s} {'form.':>6s} {'z':>6s} {'max|z|':>6s}",
        *table,
        "",
        "What the formulas say: the excess in percent at these four widths and two finer ones, and the",
        "exponent of each halving, which tends to 2.",
        "",
        orders("Gaussian: mean", of_mean),
        orders("Gaussian: log variance", of_variance),
        orders("mixture: logit of weight", of_parameter(0)),
        orders("mixture: mean", of_parameter(1)),
        orders("mixture: log std", of_parameter(3)),
        "",
        "What is left without noise (N without end): the log of a component's std after one fit, less the",
        "truth's, for two alike components so many stds apart, at the four widths; the last over width^4.",
        "",
    ]
    for separation in (4.0, 3.0, 2.0):
        away = without_noise(separation)
        cells = "  ".join(f"{value:+.2e}" for value in away)
        last = (
            f"exponent of the last halving {np.log2(away[2] / away[3]):.2f}; {away[3] / WIDTHS[3] ** 4:+.2e}"
        )
        text.append(f"{separation:g} apart: {cells}   {last}")
    return "\n".join(text) + "\n"


if __name__ == "__main__":
    found = report()
    sys.stdout.write(found)
    (Path(__file__).parent / "results" / "grouped_order.txt").write_text(found)
