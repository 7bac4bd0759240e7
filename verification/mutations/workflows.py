"""Mistakes in workflows that weigh, choose and grow, and in the families that came after the first three."""

from verification.mutations.base import Mutant

WORKFLOWS = (
    Mutant(
        "temperature squared",
        "families/gaussian.py",
        "params.std * np.sqrt(temperature)",
        "params.std * temperature",
        "laws/test_biased_law.py::test_synthetic_data_alone_unbiased",
    ),
    Mutant(
        "weights of real and synthetic items swapped",
        "workflows/weighted.py",
        "(self.weight * items / self.real, (1.0 - self.weight) * items / self.synthetic)",
        "((1.0 - self.weight) * items / self.real, self.weight * items / self.synthetic)",
        "laws/test_weighted_law.py::test_the_transient_and_the_long_run",
    ),
    Mutant(
        "a fixed pool nearly drawn with replacement",
        "workflows/augment.py",
        "engine.pick(corpus.fixed, real, streams)",
        "engine.pick(engine.merge(*[corpus.fixed] * 20), real, streams)",
        "unit/test_workflows.py::test_what_is_drawn_from_a_fixed_pool_lies_in_it",
    ),
    Mutant(
        "growth a generation late",
        "workflows/augment.py",
        "float(generation) ** self.growth",
        "float(generation - 1) ** self.growth",
        "unit/test_workflows.py::test_training_sets_grow_by_a_power_of_the_generation",
    ),
    Mutant(
        "the real share decays a generation early",
        "workflows/decaying.py",
        "-(generation - 2) / self.half_life",
        "-(generation - 1) / self.half_life",
        "unit/test_workflows.py::test_the_real_share_halves",
    ),
    Mutant(
        "phi and psi swapped",
        "workflows/verified.py",
        "np.where(rule(x), self.phi / most, self.psi / most)",
        "np.where(rule(x), self.psi / most, self.phi / most)",
        "laws/test_verified_law.py::test_the_second_generation",
    ),
    Mutant(
        "a kernel's bandwidth n^(-1/4)",
        "families/kde.py",
        "math.pow(t, -1.0 / (d + 4))",
        "math.pow(t, -1.0 / (d + 3))",
        "unit/test_kde.py::test_scott_is_scikit_learns",
    ),
    Mutant(
        "labels without noise",
        "families/linear.py",
        "+ self._noise * stream.standard_normal(count)",
        "+ 0.0 * self._noise * stream.standard_normal(count)",
        "unit/test_linear.py::test_labels_are_linear_in_standard_normal_inputs",
    ),
    Mutant(
        "a posterior whose shape forgets the items",
        "families/bayesian_gaussian.py",
        "self.shape + n / 2.0",
        "self.shape + 0.0 * n",
        "unit/test_bayesian.py::test_the_posterior",
    ),
    Mutant(
        "one degree of freedom too many in the determinant's law",
        "theory/vectors.py",
        "    i = np.arange(1, d + 1)\n",
        "    i = np.arange(1, d + 2)\n",
        "laws/test_vectors_law.py::test_the_laws_of_the_determinant",
    ),
    Mutant(
        "an estimator draws with the same random state for ever",
        "families/objects.py",
        '            if hasattr(model, "random_state"):\n                model.random_state = seed',
        '            if hasattr(model, "random_state"):\n                model.random_state = 0',
        "unit/test_estimator.py::test_the_random_state_is_new_at_every_call",
    ),
    Mutant(
        "learners that know no covariance are asked for one",
        "metrics/base.py",
        '    return family.items == VECTORS and family.offers("spread")',
        "    return family.items == VECTORS",
        "laws/test_verification.py::"
        "test_every_check_holds_with_few_replicates[kernels replaced: h 1, vectors]",
    ),
)
