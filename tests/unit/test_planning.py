"""How much real data: the search, its intervals, and answers against arithmetic and an exact chain."""

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

import modelcollapse as mc
from modelcollapse import planning
from modelcollapse.cli import app
from modelcollapse.planning.asked import Asked
from modelcollapse.planning.search import Search, _of_share
from modelcollapse.theory import moment_recursion

GAUSSIAN = mc.Experiment(
    truth={"family": "gaussian", "mean": 0.0, "std": 1.0},
    learner={"family": "gaussian"},
    n_samples=1000,
    generations=2000,
)
RARE = mc.Experiment(
    truth={"family": "categorical", "probabilities": [0.05, 0.95]},
    learner={"family": "categorical"},
    n_samples=60,
    generations=12,
)
CATEGORY = mc.Limit("category")
REGRESSION = mc.Experiment(
    truth={"family": "linear", "dimension": 2, "noise": 1.0}, learner={"family": "linear"}, n_samples=60
)


def search(experiment=GAUSSIAN, limit=None, sure=0.95, replicates=400):
    return Search(Asked(experiment, limit or mc.Limit(), sure, replicates), lambda line: None)


# the search


@pytest.mark.parametrize("boundary", [0, 1, 2, 19, 20, 21, 333, 999, 1000])
def test_the_least_number_that_is_enough_is_found(boundary):
    assert search()._least(lambda n: n >= boundary, fine=1) == boundary


def test_where_no_number_is_enough_there_is_none():
    assert search()._least(lambda n: False) is None


def test_bisection_ends_within_a_hundredth():
    found = search()._least(lambda n: n >= 777)
    assert 777 <= found <= 777 * 1.01


@pytest.mark.parametrize(("within", "of"), [(0, 100), (3, 100), (950, 1000), (1000, 1000)])
def test_intervals_of_shares_are_exact(within, of):
    estimate = _of_share(np.arange(of) < within)
    interval = stats.binomtest(within, of).proportion_ci(0.95, method="exact")
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
        (within / of, interval.low, interval.high), abs=1e-12
    )


# by law


@pytest.mark.parametrize(("source", "factor"), [("fresh", 1.0), ("fixed", 3.0)])
def test_the_mean_is_answered_by_law(source, factor):
    """n_r = (1/eps - 1 + lam)/(2 - lam) fresh items, ((3 - 2 lam)/eps - 1 + lam)/(2 - lam) fixed ones."""
    (answer,) = planning.plan(GAUSSIAN, questions=["mean"], sources=[source], check=False)
    lam = answer.count / 1000
    stationary = ((factor - 2.0 * lam * (factor > 1)) / 0.05 - 1.0 + lam) / (2.0 - lam)
    assert answer.count == np.ceil(stationary)
    assert answer.low == answer.high == answer.count
    assert answer.law.startswith("mix law")

    def kept(real):
        mix = {"kind": "mix", "real": real / 1000, "real_source": source}
        return moment_recursion(GAUSSIAN.changed(workflow=mix), 2000)[0][-1]

    assert kept(answer.count) >= 0.95 > kept(answer.count - 1)


def test_the_three_questions_have_different_answers():
    """Ten of a thousand are enough on average; no number is for 95 % of replicates: a fit has sd 4.5 %."""
    short = GAUSSIAN.changed(generations=60)
    mean, late, never = planning.plan(short, sources=["fresh"], replicates=200, check=False)
    assert mean.count <= 10
    assert late.count is None
    assert never.count is None
    assert "too small" in late.sentence


def test_the_other_way_round_by_law():
    """(1 - 1/n)^t >= 0.95 up to t = 51 at n = 1,000."""
    (found,) = planning.horizon(GAUSSIAN, real=0, questions=["mean"], sources=["fresh"])
    assert found.generation == 52
    assert "51" in found.sentence


# by simulation, against the chain of two categories


def alive(real, n=60, p=0.05, generations=12):
    """P(category alive at the last generation), and at every one up to it, exactly: fresh real items."""
    count = np.arange(n + 1)
    first = stats.binom.pmf(count, n, p)
    fresh = stats.binom.pmf(np.arange(real + 1), real, p)
    matrix = np.array(
        [np.convolve(fresh, stats.binom.pmf(np.arange(n - real + 1), n - real, k / n)) for k in count]
    )
    late, never = first.copy(), first.copy()
    never[0] = 0.0
    for _ in range(generations - 1):
        late = late @ matrix
        never = never @ matrix
        never[0] = 0.0
    return 1.0 - late[0], never.sum()


@pytest.mark.parametrize(("i", "question", "sure"), [(0, "late", 0.85), (1, "never", 0.5)])
def test_the_answer_brackets_that_of_the_exact_chain(i, question, sure):
    """With 1,000 replicates the share is known to 0.014: a defect of 3 % in it would be seen."""
    (answer,) = planning.plan(
        RARE, limit=CATEGORY, sure=sure, questions=[question], sources=["fresh"], check=True
    )
    exact = next(real for real in range(61) if alive(real)[i] >= sure)
    assert answer.low <= exact <= answer.high
    assert alive(answer.count)[i] >= sure  # what was promised
    value, low, high = answer.checked
    assert low <= alive(answer.count)[i] <= high
    assert value >= sure - 0.03


def test_how_long_a_category_lasts():
    """The first generation at which fewer than 70 % have it is the chain's, or the next to it."""
    found = planning.horizon(RARE, real=0, limit=CATEGORY, sure=0.7, sources=["fresh"])
    by_chain = next(t for t in range(1, 13) if alive(0, generations=t)[0] < 0.7)
    assert found[0].generation is None
    assert "does not fall" in found[0].sentence
    assert abs(found[1].generation - by_chain) <= 1
    assert found[1].generation == found[2].generation  # what is lost does not come back without real data


# what cannot be asked


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"limit": mc.Limit("tael")}, "of = 'tael'"),
        ({"limit": mc.Limit(loss=0.0)}, "loss"),
        ({"limit": mc.Limit(loss=float("nan"))}, "loss"),
        ({"limit": mc.Limit("category")}, "is for categories"),
        ({"limit": mc.Limit(category=1)}, "leave it out"),
        ({"sure": 1.0}, "sure"),
        ({"questions": ["often"]}, "question = 'often'"),
        ({"sources": ["stale"]}, "source = 'stale'"),
        ({"replicates": 10}, "integer >= 100"),
        ({"experiment": mc.Experiment(workflow={"kind": "accumulate"})}, "workflow.kind"),
        ({"experiment": REGRESSION}, "is not known of inputs with labels"),
        ({"experiment": RARE, "limit": mc.Limit("tail")}, "real line"),
        ({"experiment": RARE, "limit": mc.Limit("category", category=7)}, "from 0 to 1"),
        ({"experiment": RARE, "limit": mc.Limit("category", category=True)}, "integer"),
    ],
)
def test_what_cannot_be_asked_is_refused(settings, words):
    with pytest.raises(mc.RecipeError, match=words.replace("(", r"\(")):
        planning.plan(**settings)


@pytest.mark.parametrize("real", [-1, 1001, True, 0.5])
def test_a_number_of_real_items_is_one(real):
    with pytest.raises(mc.RecipeError, match="from 0 to n_samples"):
        planning.horizon(GAUSSIAN, real=real)


def test_all_problems_at_once():
    with pytest.raises(mc.RecipeError) as error:
        planning.plan(limit=mc.Limit("tael", loss=2.0), sure=0.0, questions=["x"], replicates=1)
    assert len(error.value.problems) == 5


def test_the_command_prints_numbers_and_sentences():
    options = ["plan", "--set", "n_samples=200", "--set", "generations=20", "--question", "mean"]
    result = CliRunner().invoke(app, [*options, "--source", "fresh", "--replicates", "100"])
    assert result.exit_code == 0, result.output
    assert "mean     fresh" in result.output
    assert "by law" in result.output
    back = CliRunner().invoke(app, [*options, "--source", "fixed", "--real", "2"])
    assert back.exit_code == 0, back.output
    assert "generation" in back.output


def test_simulations_that_take_days_are_refused_before_the_first():
    """Each of them is within the limits; all of them together are not."""
    slow = GAUSSIAN.changed(learner={"family": "kde", "bandwidth": "scott"}, n_samples=100_000)
    called = []
    with pytest.raises(mc.RecipeError, match="all simulations take about"):
        planning.plan(slow, replicates=300, progress=called.append)
    assert not called


def test_more_generations_than_can_be_followed_are_refused():
    with pytest.raises(mc.RecipeError, match="must be at most 10000000"):
        planning.plan(GAUSSIAN.changed(generations=10**12))


def test_regression_has_no_variance_to_lose():
    none = {"truth": {"family": "linear", "dimension": 3, "noise": 1.0}, "learner": {"family": "linear"}}
    with pytest.raises(mc.RecipeError, match="is not known of inputs with labels"):
        planning.plan(GAUSSIAN.changed(**none))


def test_a_law_that_holds_without_real_data_alone():
    """The mean of a Poisson rate stays, by law, without real data; with some there is no law."""
    counts = {"truth": {"family": "poisson", "rate": 2.0}, "learner": {"family": "poisson"}}
    experiment = GAUSSIAN.changed(**counts, n_samples=50, generations=3, seed=2**128)
    (answer,) = planning.plan(experiment, questions=["mean"], sources=["fresh"], replicates=100)
    assert answer.count == 0
    assert answer.law.startswith("E rate_t = rate_0")
