"""Checks of the empirical distribution: E V_t = q^t V0, as of any fit that keeps moments. None yet."""
