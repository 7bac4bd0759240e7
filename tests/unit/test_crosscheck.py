"""The comparison of two engines: it sees differences, at any scale, and none where there is none."""

import numpy as np
import pytest

import modelcollapse as mc
from modelcollapse.crosscheck import FALSE_ALARM, FEWEST, compare, other_recipe

SIZES = {"n_samples": 200, "generations": 8, "replicates": 400}


def gaussian(std=1.0, **values):
    family = {"truth": {"family": "gaussian", "mean": 0.0, "std": std}, "learner": {"family": "gaussian"}}
    return mc.Experiment(**{**SIZES, **family, **values})


@pytest.mark.parametrize("engine", ["grouped", "diffusion"])
@pytest.mark.parametrize("std", [1.0, 1e-8, 1e8])
def test_engines_of_one_law_agree(engine, std):
    found = mc.cross_check(gaussian(std), engine)
    assert found.engines == ("exact", engine)
    assert found.agree, str(found)
    assert len({row.metric for row in found.rows}) > 4
    assert "no difference in law" in str(found)


@pytest.mark.parametrize("std", [1.0, 1e-8, 1e8])
def test_half_the_items_are_seen(std):
    """N = 200 against 100: spreads that differ by a factor of sqrt(2), at every scale."""
    ours, theirs = mc.run(gaussian(std)), mc.run(gaussian(std, n_samples=100, engine="grouped"))
    found = compare(ours, theirs)
    assert not found.agree
    assert "DIFFER" in str(found)
    assert min(row.p for row in found.rows) * len(found.rows) < FALSE_ALARM


def test_categories_are_compared_too():
    truth, learner = {"family": "categorical", "probabilities": [0.5, 0.3, 0.2]}, {"family": "categorical"}
    found = mc.cross_check(mc.Experiment(truth=truth, learner=learner, **SIZES), "grouped")
    assert found.agree
    assert "heterozygosity" in {row.metric for row in found.rows}


@pytest.mark.parametrize(
    ("values", "engine", "field"),
    [
        pytest.param({}, "exact", "--cross-check", id="the same"),
        pytest.param({}, "fast", "--cross-check", id="none"),
        pytest.param({"replicates": FEWEST - 1}, "grouped", "replicates", id="few replicates"),
        pytest.param({"streams": "common"}, "grouped", "streams", id="common streams"),
    ],
)
def test_what_cannot_be_compared_is_refused(values, engine, field):
    with pytest.raises(mc.RecipeError) as caught:
        other_recipe(gaussian(**values), engine)
    assert field in {problem.field for problem in caught.value.problems}


def test_a_recipe_too_large_for_the_other_engine_is_refused_before_any_work():
    with pytest.raises(mc.RecipeError, match="limits"):
        mc.cross_check(gaussian(n_samples=10**13, engine="grouped"), "exact")


def test_numbers_of_nine_equal_digits_are_equal():
    ours = mc.run(gaussian(replicates=30))
    theirs = ours.assign(std=ours["std"] * (1.0 + 1e-13 * np.arange(30.0)[:, None]))
    assert all(row.p > 0.99 for row in compare(ours, theirs).rows if row.metric == "total_variance")
