"""The families that can be learned, one a file; a new one is a file and its line here."""

from modelcollapse.families.categorical import Categorical, CategoricalTruth
from modelcollapse.families.empirical import Empirical
from modelcollapse.families.estimator import Estimator
from modelcollapse.families.gaussian import Gaussian, GaussianTruth
from modelcollapse.families.kde import Kde
from modelcollapse.families.mixture import Mixture, MixtureTruth

LEARNERS = (Gaussian, Mixture, Categorical, Kde, Empirical, Estimator)
"""What a recipe's ``[learner]`` can be."""
TRUTHS = (GaussianTruth, MixtureTruth, CategoricalTruth)
"""What a recipe's ``[truth]`` can be, beside a data set: families with parameters."""
