"""A Gaussian drawn from its posterior, and one of known standard deviation."""

import numpy as np
import pytest
from conftest import assert_law
from scipy import stats

import modelcollapse as mc
from modelcollapse.families.bayesian_gaussian import BayesianGaussian
from modelcollapse.families.gaussian import Gaussian, GaussianParams
from modelcollapse.streams import generators

PRIOR = {"mean": 1.0, "strength": 2.0, "shape": 3.0, "scale": 4.0}
TRUTH = {"family": "gaussian", "mean": 0, "std": 1}


def streams(count, seed=0):
    return generators(seed, (7,) * 8, range(count))


def recipe(learner, **values):
    small = {"n_samples": 10, "generations": 6, "replicates": 5, "truth": TRUTH, "learner": learner}
    return mc.Experiment(**{**small, **values})


def test_the_prior():
    """Kolmogorov and Smirnov of 4,000 draws; a shape off by 1/4 would be seen."""
    drawn = BayesianGaussian(**PRIOR).prior(streams(4_000))
    assert stats.kstest(drawn.std**2, stats.invgamma(3.0, scale=4.0).cdf).pvalue > 1e-4
    assert stats.kstest(drawn.std**2, stats.invgamma(3.25, scale=4.0).cdf).pvalue < 1e-4
    score = (drawn.mean - 1.0) / drawn.std * np.sqrt(2.0)
    assert stats.kstest(score, "norm").pvalue > 1e-4


def test_the_posterior():
    """Against its density on a grid, prior times likelihood; sees 0.03 in both means."""
    x = np.array([0.3, 2.1, -0.4, 1.7])
    mean, log_var = np.meshgrid(np.linspace(-6, 7, 801), np.linspace(-3, 6, 901), indexing="ij")
    var = np.exp(log_var)
    log_p = stats.invgamma(3.0, scale=4.0).logpdf(var) + log_var
    log_p = log_p + stats.norm.logpdf(mean, 1.0, np.sqrt(var / 2.0))
    log_p = log_p + sum(stats.norm.logpdf(item, mean, np.sqrt(var)) for item in x)
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    fitted = (
        BayesianGaussian(**PRIOR)
        .fit(np.tile(x, (8_000, 1)), np.full(8_000, 4), None, None, streams(8_000))
        .params
    )
    log_of = np.log(fitted.std**2)
    for ours, law, what in (
        (fitted.mean, mean, "mean"), (log_of, log_var, "log variance"), (fitted.mean**2, mean**2, "mean^2"),
        (log_of**2, log_var**2, "log variance^2"), (fitted.mean * log_of, mean * log_var, "product"),
    ):  # fmt: skip
        assert_law(ours, float((p * law).sum()), what)


def test_a_recipe_with_it_runs_and_is_replayed(tmp_path):
    dataset = mc.run(recipe({"family": "bayesian-gaussian", **PRIOR}))
    mc.save(dataset, tmp_path / "b.zarr")
    loaded = mc.load(tmp_path / "b.zarr")
    assert mc.replay(loaded)["std"].equals(dataset["std"])
    assert mc.run(recipe({"family": "bayesian-gaussian", **PRIOR}), chunk=2).identical(dataset)
    assert mc.expectations(recipe({"family": "bayesian-gaussian", **PRIOR})) == []


@pytest.mark.parametrize("key", PRIOR)
def test_the_prior_is_given_whole(key):
    with pytest.raises(mc.RecipeError) as error:
        recipe({"family": "bayesian-gaussian", **{k: v for k, v in PRIOR.items() if k != key}})
    assert [problem.field for problem in error.value.problems] == [f"learner.{key}"]


@pytest.mark.parametrize("engine", ["grouped", "diffusion"])
def test_other_engines_refuse(engine):
    with pytest.raises(mc.RecipeError, match="bayesian-gaussian"):
        recipe({"family": "bayesian-gaussian", **PRIOR}, engine=engine)


# a known standard deviation


@pytest.mark.parametrize("engine", ["exact", "grouped"])
def test_a_known_std_stays(engine):
    experiment = recipe({"family": "gaussian", "known_std": 0.7}, n_samples=100, engine=engine)
    dataset = mc.run(experiment)
    assert (dataset["std"].values[:, 1:] == 0.7).all()
    assert len(np.unique(dataset["mean"].values[:, 1:])) == 30
    assert experiment.learner.moments_kept(10) == (0.0, 0.7**2)


def test_known_std_moves_no_key_of_a_recipe_without_it():
    assert "known_std" not in str(recipe({"family": "gaussian"}).content())
    assert recipe({"family": "gaussian"}).key() != recipe({"family": "gaussian", "known_std": 1.0}).key()
    assert "known_std" not in recipe({"family": "gaussian"}).to_toml()
    params = GaussianParams(np.zeros(1), np.ones(1))
    assert Gaussian(known_std=1.0).widened(params, np.full(1, -0.1)) is params


@pytest.mark.parametrize(
    ("change", "field"), [({"ddof": 1}, "learner.ddof"), ({"known_std": 0.0}, "learner.known_std")]
)
def test_what_a_known_std_refuses(change, field):
    with pytest.raises(mc.RecipeError) as error:
        recipe({"family": "gaussian", "known_std": 1.0, **change})
    assert [problem.field for problem in error.value.problems] == [field]


def test_the_diffusion_engine_fits_the_std_too():
    with pytest.raises(mc.RecipeError, match="known_std"):
        recipe({"family": "gaussian", "known_std": 1.0}, engine="diffusion")
