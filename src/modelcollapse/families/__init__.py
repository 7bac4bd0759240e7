"""The families that can be learned, one a file; a new one is a file and its line here."""

from modelcollapse.families.categorical import Categorical, CategoricalTruth
from modelcollapse.families.gaussian import Gaussian, GaussianTruth
from modelcollapse.families.gaussian_nd import GaussianNd, GaussianNdTruth
from modelcollapse.families.mixture import Mixture, MixtureTruth
from modelcollapse.families.mixture_nd import MixtureNd, MixtureNdTruth

LEARNERS = (Gaussian, Mixture, Categorical, GaussianNd, MixtureNd)
"""What a recipe's ``[learner]`` can be."""
TRUTHS = (GaussianTruth, MixtureTruth, CategoricalTruth, GaussianNdTruth, MixtureNdTruth)
"""What a recipe's ``[truth]`` can be, beside a data set: families with parameters."""
