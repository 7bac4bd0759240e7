"""Mistakes in the laws."""

from verification.mutations.base import Mutant

THEORY = (
    Mutant(
        "a law's index is t - 1",
        "theory/base.py",
        "recursion(experiment, int(t.max()))[i][t.astype(int)]",
        "recursion(experiment, int(t.max()))[i][t.astype(int) - 1]",
        "laws/test_accumulate_law.py::test_pools_of_real_items_once",
    ),
    Mutant(
        "wrong c4",
        "theory/gaussian.py",
        "float(gammaln(x + 0.5) - gammaln(x) - 0.5 * np.log(x))",
        "float(gammaln(x + 1.0) - gammaln(x + 0.5) - 0.5 * np.log(x))",
        "laws/test_gaussian_law.py::test_unbiased[10]",
    ),
    Mutant(
        "n degrees of freedom in one step",
        "theory/gaussian.py",
        "float(psi((n - 1) / 2.0))",
        "float(psi(n / 2.0))",
        "laws/test_gaussian_law.py::test_log_variance[0]",
    ),
    Mutant(
        "the law of Wasserstein-2 without its mean term",
        "theory/gaussian.py",
        "np.asarray(error + variance * (",
        "np.asarray(variance * (",
        "laws/test_gaussian_law.py::test_wasserstein2[10-0]",
    ),
    Mutant(
        "kept items with replacement, in the law",
        "theory/moments.py",
        "c * c * sample * (size - kept) / max(size - 1.0, 1.0) / kept",
        "c * c * sample / kept",
        "laws/test_mix_law.py::test_the_law_derived_again",
    ),
    Mutant(
        "a fixed set costs (3 - lam) times as much",
        "theory/stationary.py",
        "(3.0 - 2.0 * share) * fresh",
        "(3.0 - share) * fresh",
        "laws/test_real_data_law.py::test_stationary_deficit_is_where_the_recursion_ends",
    ),
    Mutant(
        "accumulate falls with t and not with its square",
        "theory/pools.py",
        "drawn) / (t + 1) ** 2",
        "drawn) / ((t + 1) ** 2 + 1)",
        "laws/test_accumulate_law.py::test_the_recursion_is_the_closed_form",
    ),
)
