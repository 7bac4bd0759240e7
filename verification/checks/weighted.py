"""Checks of weighted and of biased sampling: n B and its least; E V_t = lam_b^(t-1) V0. None yet."""
