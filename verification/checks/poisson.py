"""Checks of the Poisson model: P(alive at t) = 1 - exp(-n lambda_0 g_t). None yet."""
