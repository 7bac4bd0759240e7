"""The long checks of studies: killed, damaged, shuffled, watched, large, in bad places.

``python -m verification.studies [names]`` runs them; the figures go to ``results/studies.txt``.
"""
