"""The families that can be learned, one a file; a new one is a file and its line here."""

from modelcollapse.families.bayesian_gaussian import BayesianGaussian
from modelcollapse.families.categorical import Categorical, CategoricalTruth
from modelcollapse.families.empirical import Empirical
from modelcollapse.families.estimator import Estimator
from modelcollapse.families.gaussian import Gaussian, GaussianTruth
from modelcollapse.families.gaussian_nd import GaussianNd, GaussianNdTruth
from modelcollapse.families.kde import Kde
from modelcollapse.families.linear import Linear, LinearTruth
from modelcollapse.families.mixture import Mixture, MixtureTruth
from modelcollapse.families.mixture_nd import MixtureNd, MixtureNdTruth
from modelcollapse.families.poisson import Poisson, PoissonTruth

LEARNERS = (
    Gaussian,
    Mixture,
    Categorical,
    Poisson,
    Linear,
    BayesianGaussian,
    GaussianNd,
    MixtureNd,
    Kde,
    Empirical,
    Estimator,
)
"""What a recipe's ``[learner]`` can be."""
TRUTHS = (
    GaussianTruth,
    MixtureTruth,
    CategoricalTruth,
    PoissonTruth,
    LinearTruth,
    GaussianNdTruth,
    MixtureNdTruth,
)
"""What a recipe's ``[truth]`` can be, beside a data set: families with parameters."""
