"""Compiled arithmetic: draws, sums, EM to the maximum, grids. No classes, no files, no workflows.

Three promises hold for every kernel. It runs in strict IEEE arithmetic, with fused multiply-adds only
where they are written (`fma`), and adds up in `LANES` fixed lanes, so that its bits do not depend on the
width of the processor's vectors. It works without the interpreter's lock. And it has a plain NumPy twin
in the tests.
"""
