"""Mistakes in families, their fits and the metrics."""

from verification.mutations.base import Mutant

FAMILIES = (
    Mutant(
        "ddof 1 for 0",
        "families/gaussian.py",
        "variance * (total / (total - self.ddof))",
        "variance * (total / (total - 1))",
        "unit/test_families.py::test_gaussian_ddof",
    ),
    Mutant(
        "a variance floor",
        "families/gaussian.py",
        "        std = np.sqrt(variance * ",
        "        std = np.sqrt(np.maximum(variance, 1e-3) * ",
        "laws/test_gaussian_law.py::test_log_variance",
    ),
    Mutant(
        "standard deviation for variance",
        "families/gaussian.py",
        "        return params.mean, params.std**2",
        "        return params.mean, params.std",
        "unit/test_families.py::test_moments_are_integrals",
    ),
    Mutant(
        "tolerance 1e-3",
        "families/mixture.py",
        "    tolerance: Positive = 1e-5",
        "    tolerance: Positive = 1e-3",
        "unit/test_recipe.py::test_the_default_text_says_the_defaults",
    ),
    Mutant(
        "light components dropped after the M-step, weights renormalised",
        "families/mixture.py",
        "self.tolerance, self.max_iterations, self.reg_covar\n        )\n",
        "self.tolerance, self.max_iterations, self.reg_covar\n        )\n"
        "        light = np.where(parts[0] < 0.1, 0.0, parts[0])\n"
        "        parts = (light / light.sum(axis=1, keepdims=True), *parts[1:])\n",
        "laws/test_total_variance_law.py::test_a_fit_keeps_the_samples_mean_and_variance",
    ),
    Mutant(
        "regularised without being asked",
        "families/mixture.py",
        "self.tolerance, self.max_iterations, self.reg_covar\n",
        "self.tolerance, self.max_iterations, self.reg_covar + 1e-6\n",
        "unit/test_families.py::test_fits_keep_mean_and_variance",
    ),
    Mutant(
        "components not in order",
        "families/mixture.py",
        "        order = np.lexsort((params.mean, params.weight == 0.0), axis=1)",
        "        order = np.lexsort((params.mean,), axis=1)",
        "unit/test_families.py::test_mixtures_are_recorded_in_the_order_of_their_means_the_dead_last",
    ),
    Mutant(
        "items of a point go to the nearest component instead",
        "families/climbing.py",
        "        held[k] = v[own].sum()\n",
        "        held[k] = 0.5 * v[own].sum()\n",
        "unit/test_climbing.py::test_claim_takes_the_items_of_a_point",
    ),
    Mutant(
        "Zipf's shift left out",
        "families/categorical.py",
        "np.log(np.arange(1, self.categories + 1) + self.shift)",
        "np.log(np.arange(1, self.categories + 1))",
        "unit/test_families.py::test_zipf",
    ),
    Mutant(
        "a lost category comes back",
        "families/categorical.py",
        "            probability = counts / total[:, None]",
        "            counts = np.maximum(counts, 0.5)\n"
        "            probability = counts / counts.sum(axis=1)[:, None]",
        "laws/test_categorical_law.py::test_absorption_is_at_each_category_with_its_probability",
    ),
    Mutant(
        "dead components counted among those alive",
        "metrics/line.py",
        "    alive = weight > 0.0\n",
        "    alive = weight >= 0.0\n",
        "unit/test_metrics.py::test_components_alive_and_their_variance",
    ),
    Mutant(
        "squared error about 0 instead of the truth's mean",
        "metrics/line.py",
        "(models.moments()[0] - truth.moments()[0]) ** 2",
        "models.moments()[0] ** 2",
        "unit/test_metrics.py::test_total_variance_and_squared_error_of_the_mean",
    ),
    Mutant(
        "tail mass of one side",
        "metrics/line.py",
        "below[:, 0] + (1.0 - below[:, 1])",
        "2.0 * below[:, 0]",
        "unit/test_metrics.py::test_tail_mass_of_a_gaussian",
    ),
    Mutant(
        "Wasserstein without the means",
        "metrics/line.py",
        "(models.quantile(score) - theirs) ** 2))",
        "(models.quantile(score) - models.moments()[0][:, None] - theirs + truth.moments()[0]) ** 2))",
        "unit/test_metrics.py::test_wasserstein2_of_two_gaussians",
    ),
    Mutant(
        "Kullback and Leibler's arguments swapped, of categories",
        "metrics/categories.py",
        "np.sum(real[there] * lost, axis=1)",
        "np.sum(-probability[:, there] * np.where(np.isinf(lost), 0.0, lost), axis=1)",
        "unit/test_metrics.py::test_metrics_of_categories_by_hand",
    ),
    Mutant(
        "Kullback and Leibler's arguments swapped, on the line",
        "metrics/divergence.py",
        "    lost = lost - models.line.log_pdf(models.params, x.reshape(score.shape))",
        "    lost = models.line.log_pdf(models.params, x.reshape(score.shape)) - lost",
        "unit/test_metrics.py::test_kullback_leibler_of_two_gaussians",
    ),
    Mutant(
        "heterozygosity of one draw",
        "metrics/categories.py",
        "np.sum(p * (1.0 - p), axis=1)",
        "np.sum(p * p, axis=1)",
        "unit/test_metrics.py::test_heterozygosity_is_that_of_pairs_of_items",
    ),
)
