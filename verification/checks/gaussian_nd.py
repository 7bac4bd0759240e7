"""Checks of Gaussians in d dimensions: E trace = q^t, E det = prod (1 - i/n)^t. None yet."""
