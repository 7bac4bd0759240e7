"""What a user would run instead: the same loop around other people's mixtures, as each is used best.

A rival has four methods: ``begin`` makes the truth, ``draw`` draws a training set from a model, ``fit``
fits to it, starting from the model it was drawn from where the library can, ``params`` reads weights,
means and standard deviations. The library is imported when the rival is made.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.cases import Case

Parts = tuple[np.ndarray, np.ndarray, np.ndarray]


def recursion(rival: Any, case: Case, seed: int) -> Iterator[tuple[Any, Any]]:
    """Give the training set and the model of each generation of one replicate."""
    rng = np.random.default_rng(seed)
    model = rival.begin(case, rng)
    for _ in range(case.generations):
        items = rival.draw(model, case.n_samples, rng)
        model = rival.fit(items, model, rng)
        yield items, model


def fresh_seed(rng: np.random.Generator) -> int:
    """A seed from 1 on: to mlpack 0 means the clock, and an integer kept by scikit-learn repeats its draw."""
    return int(rng.integers(1, 2**31))


def truth_of(case: Case) -> Parts:
    """Weights, means and standard deviations of the truth."""
    k = case.components
    return np.full(k, 1 / k), np.array(case.means), np.ones(k)


class NumPyLoop:
    """Plain EM in vectorised NumPy, from the last model, until a step gains less than ``gain`` nats."""

    def __init__(self, gain: float) -> None:
        self.gain = gain

    def begin(self, case: Case, rng: np.random.Generator) -> Parts:
        return truth_of(case)

    def draw(self, model: Parts, n: int, rng: np.random.Generator) -> np.ndarray:
        weight, mean, std = model
        counts = rng.multinomial(n, weight / weight.sum())
        return rng.standard_normal(n) * np.repeat(std, counts) + np.repeat(mean, counts)

    def fit(self, x: np.ndarray, model: Parts, rng: np.random.Generator) -> Parts:
        weight, mean, std = model
        before = -np.inf
        while True:
            with np.errstate(divide="ignore"):
                logit = np.log(weight / std)[:, None] - 0.5 * ((x - mean[:, None]) / std[:, None]) ** 2
            top = logit.max(axis=0)
            share = np.exp(logit - top)
            total = share.sum(axis=0)
            height = float(np.sum(top + np.log(total)))
            share /= total
            items = np.maximum(share.sum(axis=1), 1e-300)
            weight, mean = items / len(x), share @ x / items
            std = np.sqrt(np.maximum((share * (x - mean[:, None]) ** 2).sum(axis=1) / items, 1e-12))
            if height - before < self.gain:
                return weight, mean, std
            before = height

    def params(self, model: Parts) -> Parts:
        return model


class ScikitLearn:
    """scikit-learn's GaussianMixture, a new one each generation, as in the blog post; k-means starts."""

    def __init__(self, **settings: Any) -> None:
        from sklearn.mixture import GaussianMixture

        self.make, self.settings = GaussianMixture, settings

    def begin(self, case: Case, rng: np.random.Generator) -> Any:
        model = self.make(case.components)
        weight, mean, std = truth_of(case)
        model.weights_, model.means_, model.covariances_ = weight, mean[:, None], std[:, None, None] ** 2
        model.precisions_cholesky_ = 1 / std[:, None, None]
        return model

    def draw(self, model: Any, n: int, rng: np.random.Generator) -> np.ndarray:
        model.random_state = fresh_seed(rng)
        return model.sample(n)[0]

    def fit(self, x: np.ndarray, model: Any, rng: np.random.Generator) -> Any:
        return self.make(model.n_components, random_state=fresh_seed(rng), **self.settings).fit(x)

    def params(self, model: Any) -> Parts:
        return model.weights_, model.means_[:, 0], np.sqrt(model.covariances_[:, 0, 0])


class Gmmx:
    """gmmx (JAX, float32 only), fit and draw compiled, from the last model."""

    def __init__(self, **settings: Any) -> None:
        import gmmx
        import jax

        self.make, self.fitter = gmmx.GaussianMixtureModelJax, gmmx.EMFitter(**settings)
        self.key = jax.random.key
        self.sample = jax.jit(lambda model, key, n: model.sample(key, n), static_argnums=2)

    def begin(self, case: Case, rng: np.random.Generator) -> Any:
        weight, mean, std = (part.astype(np.float32) for part in truth_of(case))
        return self.make.from_squeezed(mean[:, None], std[:, None, None] ** 2, weight)

    def draw(self, model: Any, n: int, rng: np.random.Generator) -> Any:
        return self.sample(model, self.key(fresh_seed(rng)), n)

    def fit(self, x: Any, model: Any, rng: np.random.Generator) -> Any:
        return self.fitter.fit(x, model).gmm

    def params(self, model: Any) -> Parts:
        parts = (model.weights, model.means, model.covariances.values)
        weight, mean, variance = (np.asarray(part, dtype=float).ravel() for part in parts)
        return weight / weight.sum(), mean, np.sqrt(variance)


class Pomegranate:
    """pomegranate (PyTorch) in float64, from the last model.

    Full covariances: its draws from diagonal ones take the variance for the standard deviation (1.1.2).
    """

    def __init__(self, **settings: Any) -> None:
        import torch
        from pomegranate.distributions import Normal
        from pomegranate.gmm import GeneralMixtureModel

        self.torch, self.normal, self.make, self.settings = torch, Normal, GeneralMixtureModel, settings

    def begin(self, case: Case, rng: np.random.Generator) -> Any:
        weight, mean, std = (self.torch.tensor(part) for part in truth_of(case))
        parts = [
            self.normal(m.reshape(1), (s * s).reshape(1, 1), "full") for m, s in zip(mean, std, strict=True)
        ]
        return self.make(parts, priors=weight, **self.settings)

    def draw(self, model: Any, n: int, rng: np.random.Generator) -> Any:
        self.torch.manual_seed(fresh_seed(rng))
        return model.sample(n)

    def fit(self, x: Any, model: Any, rng: np.random.Generator) -> Any:
        return model.fit(x)

    def params(self, model: Any) -> Parts:
        weight = model.priors.detach().numpy().copy()
        mean = np.array([float(part.means[0]) for part in model.distributions])
        return weight, mean, np.sqrt([float(part.covs[0, 0]) for part in model.distributions])


class Mlpack:
    """mlpack's gmm_train and gmm_generate, from the last model."""

    def __init__(self, **settings: Any) -> None:
        import mlpack

        self.train, self.generate, self.settings = mlpack.gmm_train, mlpack.gmm_generate, settings

    def begin(self, case: Case, rng: np.random.Generator) -> Any:
        """Fit the truth to many of its items: a model of mlpack's cannot be made by hand."""
        x = NumPyLoop(0.0).draw(truth_of(case), 20_000, rng)[:, None]
        found = self.train(gaussians=case.components, input_=x, seed=1)["output_model"]
        return found, case.components

    def draw(self, model: Any, n: int, rng: np.random.Generator) -> np.ndarray:
        return self.generate(input_model=model[0], samples=n, seed=fresh_seed(rng))["output"]

    def fit(self, x: np.ndarray, model: Any, rng: np.random.Generator) -> Any:
        found = self.train(
            gaussians=model[1], input_=x, input_model=model[0], seed=fresh_seed(rng), **self.settings
        )
        return found["output_model"], model[1]

    def params(self, model: Any) -> Parts:
        table = model[0].get_cpp_params()["GMM"]
        mean = np.array([float(part["mean"].item()) for part in table["dists"]])
        variance = np.array([float(part["covariance"].item()) for part in table["dists"]])
        weight = np.asarray(table["weights"]).ravel()
        return weight / weight.sum(), mean, np.sqrt(variance)
