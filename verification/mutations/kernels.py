"""Mistakes in engines and kernels."""

from verification.mutations.base import Mutant

KERNELS = (
    Mutant(
        "Sheppard's correction left out",
        "engines/grouped.py",
        "        params = family.widened(fit.params, -rounding)",
        "        params = family.widened(fit.params, 0.0 * rounding)",
        "laws/test_grouped_law.py::test_without_sheppards_correction_the_law_is_missed[gaussian]",
    ),
    Mutant(
        "what rounding adds is forgotten where parts are merged",
        "engines/grouped.py",
        "            rounding += share * (part.rounding + ",
        "            rounding += share * (0.0 * part.rounding + ",
        "laws/test_grouped_law.py::test_several_generations_are_those_of_rounded_items",
    ),
    Mutant(
        "grouped pick draws the same counts again",
        "engines/grouped.py",
        "        pick_counts(data.count, data.grid.bins, per_replicate(size, len(streams)), "
        "streams.state, count)",
        "        mass = data.count.astype(float)\n"
        "        multinomials(per_replicate(size, len(streams)), mass, data.grid.bins, streams.state, count)",
        "unit/test_engines.py::test_pick_all_is_all",
    ),
    Mutant(
        "a pick's noise is that of a draw, diffusion",
        "engines/diffusion.py",
        "        variance = left_out / np.maximum(data.size, 1) / np.maximum(sizes, 1)",
        "        variance = (left_out > 0) / np.maximum(sizes, 1)",
        "unit/test_diffusion.py::test_a_picks_noise_is_what_the_smaller_set_lacks",
    ),
    Mutant(
        "an unbiased diffusion divides by n",
        "asymptotics.py",
        "        if not family.ddof:\n",
        "        if True:\n",
        "unit/test_diffusion.py::test_an_unbiased_fit",
    ),
    Mutant(
        "wrong sign of the diffusion's bias",
        "kernels/displacement.py",
        "            step[j] = part * bias[j]",
        "            step[j] = -part * bias[j]",
        "laws/test_diffusion_law.py::test_log_variance[0]",
    ),
    Mutant(
        "diffusion noise of half the variance",
        "kernels/displacement.py",
        "step[j] += deviation * root[i, j] * noise[i]",
        "step[j] += 0.7 * deviation * root[i, j] * noise[i]",
        "laws/test_diffusion_law.py::test_log_variance[0]",
    ),
    Mutant(
        "categories' noise in proportion to their share, diffusion",
        "kernels/shares.py",
        "            noise[i] *= math.sqrt(p[row, i])",
        "            noise[i] *= p[row, i]",
        "laws/test_diffusion_law.py::test_categories_drift",
    ),
    Mutant(
        "kept part with replacement",
        "kernels/picking.py",
        "            items[i], items[j] = items[j], items[i]",
        "            items[i] = items[j]",
        "unit/test_engines.py::test_pick_takes_no_item_twice",
    ),
    Mutant(
        "hypergeometric as multinomial",
        "kernels/picking.py",
        "                k = hypergeometric(count[r, i], behind, left, lanes, block, used)",
        "                k = hypergeometric(10**6 * count[r, i], 10**6 * behind, left, lanes, block, used)",
        "unit/test_counting.py::test_pick_outcomes",
    ),
    Mutant(
        "binomial of 1 - p",
        "kernels/counting.py",
        "    return n - k if p > 0.5 else k",
        "    return k if p > 0.5 else n - k",
        "unit/test_counting.py::test_binomial_probabilities",
    ),
    Mutant(
        "the last category gets what is left of nothing",
        "kernels/counting.py",
        "        left -= k\n\n\n@compiled\ndef multinomials(",
        "        left -= k // 2\n\n\n@compiled\ndef multinomials(",
        "unit/test_counting.py::test_multinomials_put_every_item_into_a_bin_with_mass",
    ),
    Mutant(
        "normals a hundredth too narrow",
        "kernels/random.py",
        "math.sqrt(-2.0 * log_positive(u))",
        "0.99 * math.sqrt(-2.0 * log_positive(u))",
        "laws/test_gaussian_law.py::test_one_step[37]",
    ),
    Mutant(
        "components have their expected counts, not a multinomial's",
        "kernels/sampling.py",
        "            multinomial(size[r], w[row], components, counts, state[r], block, used)",
        "            multinomial(0, w[row], components, counts, state[r], block, used)\n"
        "            for k in range(components):\n"
        "                counts[k] = round(w[row, k] * size[r])\n"
        "            counts[components - 1] += size[r] - counts.sum()",
        "laws/test_separated_law.py::test_weights_drift_as_in_wright_fisher",
    ),
    Mutant(
        "a variance about a mean as it was rounded",
        "kernels/moments.py",
        "    variance = lane_sum(second) / count - shift * shift",
        "    variance = lane_sum(second) / count",
        "unit/test_kernels.py::test_moments_where_the_first_item_is_far_away_and_of_no_weight",
    ),
    Mutant(
        "a dead component is revived",
        "kernels/em.py",
        "        if w[k] > 0.0:\n            now[0, count], now[1, count], now[2, count] = w[k], m[k], s[k]",
        "        if w[k] >= 0.0:\n"
        "            now[0, count], now[1, count], now[2, count] = max(w[k], 0.05), m[k], s[k]",
        "unit/test_em.py::test_the_dead_stay_dead",
    ),
    Mutant(
        "a variance floor in the M-step",
        "kernels/em.py",
        "        after[2, k] = math.sqrt(max(variance, 0.0) + reg_covar)",
        "        after[2, k] = math.sqrt(max(variance, 1e-2) + reg_covar)",
        "laws/test_total_variance_law.py::test_a_fit_keeps_the_samples_mean_and_variance",
    ),
    Mutant(
        "EM ends at a thousand times its tolerance",
        "kernels/em.py",
        "        top = promised >= 0.0 and promised < tolerance and not rough",
        "        top = promised >= 0.0 and promised < 1000.0 * tolerance and not rough",
        "unit/test_em.py::test_the_tolerance_bounds_what_is_left",
    ),
    Mutant(
        "a step after which the likelihood has fallen is kept",
        "kernels/em.py",
        "        if newton and height < previous - 1e-13 * abs(previous):",
        "        if newton and height < previous - 1e13 * abs(previous):",
        "unit/test_em.py::test_the_likelihood_never_falls",
    ),
    Mutant(
        "an M-step that keeps the weights",
        "kernels/em.py",
        "        after[0, k] = sums[k, 0] / total",
        "        after[0, k] = now[0, k]",
        "unit/test_em.py::test_plain_steps_are_those_of_scikit_learn",
    ),
)
