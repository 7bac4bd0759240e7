"""Checks of the Bayesian refit: the prior is invariant under the recursion (Geweke 2004). None yet."""
