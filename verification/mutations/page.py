"""Mistakes in the page's server and in reports: who is let in, what is told, what is stopped."""

from verification.mutations.base import Mutant

GUARD, PAGE, PARTS, REPORT, CHILD = (
    f"unit/test_{name}.py::test_" for name in ("page_guard", "page", "page_parts", "report", "page_compiling")
)

SERVER = (
    Mutant(
        "the page answers to any name",
        "page/guard.py",
        "if len(host) != 1 or host[0].lower() not in self._hosts:",
        "if len(host) != 1:",
        f"{GUARD}another_name_is_refused",
    ),
    Mutant(
        "any other page may ask",
        "page/guard.py",
        '(origin and origin[0].lower() not in {f"http://{one}" for one in self._hosts})',
        "False",
        f"{GUARD}another_page_is_refused",
    ),
    Mutant(
        "a token is compared to itself",
        "page/guard.py",
        "hmac.compare_digest(tokens[0].encode(), self._token)",
        "hmac.compare_digest(tokens[0].encode(), tokens[0].encode())",
        f"{GUARD}another_token_is_refused",
    ),
    Mutant(
        "what a form can send is taken",
        "page/guard.py",
        'if len(kinds) != 1 or kinds[0].split(";")[0].strip().lower() != "application/json":',
        "if False:",
        f"{GUARD}what_a_form_can_send_is_refused",
    ),
    Mutant(
        "the length that a body says it has is not looked at",
        "page/guard.py",
        " or int(length[0]) > most):",
        "):",
        f"{GUARD}large_bodies_are_refused_before_they_are_there",
    ),
    Mutant(
        "a slow request may keep its connection for ever",
        "page/hurried.py",
        "self._deadline = self.loop.call_later(HEADERS_WITHIN, self.transport.close)",
        "pass",
        f"{GUARD}slow_bodies_and_headers_are_given_up",
    ),
    Mutant(
        "any file of the computer is served",
        "page/app.py",
        "    path = FILES.get(name)\n",
        "    path = STATIC / name if (STATIC / name).is_file() else None\n",
        f"{GUARD}no_path_leads_out",
    ),
    Mutant(
        "a truth may be any file of the computer",
        "page/limits.py",
        'if isinstance(truth, Mapping) and ("path" in truth or truth.get("family") == "data"):',
        "if False:",
        f"{PAGE}a_file_of_this_computer_is_never_read",
    ),
    Mutant(
        "the page takes any number of generations",
        "page/limits.py",
        '    "generations": (1, 5_000),\n',
        "",
        f"{GUARD}what_is_too_large_is_refused_at_once_with_its_field",
    ),
    Mutant(
        "the page takes recipes of any cost",
        "page/limits.py",
        "if seconds <= SECONDS and memory <= MEMORY:",
        "if True:",
        f"{GUARD}what_is_too_large_together_is_refused_at_once",
    ),
    Mutant(
        "JSON of any depth is read",
        "page/wire.py",
        "if _deeper(value, DEEPEST):",
        "if False:",
        f"{PARTS}only_plain_json_is_read",
    ),
    Mutant(
        "no number is sent as 0",
        "page/wire.py",
        'text = text.replace(word, "null")',
        'text = text.replace(word, "0")',
        f"{PARTS}arrays_are_short_and_null_where_there_is_no_number",
    ),
    Mutant(
        "an error is told with all it says",
        "page/answers.py",
        "the program's log has it as {name}.",
        "the program's log has it as {name}: {error}.",
        f"{GUARD}an_error_of_ours_has_an_id_and_nothing_else",
    ),
    Mutant(
        "spreadsheets may compute what a label says",
        "page/downloads.py",
        "if _formula(cell) else cell",
        "if False else cell",
        f"{PARTS}no_text_in_a_table_is_a_formula",
    ),
    Mutant(
        "a run goes on when its reader has left",
        "page/streaming.py",
        "        pass\n    job.stop.set()",
        "        pass",
        f"{PAGE}a_reader_who_leaves_ends_the_run",
    ),
    Mutant(
        "no run is one too many",
        "page/jobs.py",
        "if len(self._here) >= AT_ONCE + WAITING:",
        "if False:",
        f"{PAGE}more_runs_than_there_is_room_for_are_told_to_wait",
    ),
    Mutant(
        "no run waits for its turn",
        "page/jobs.py",
        "while not self.turn.wait(LOOKS):",
        "while False:",
        f"{PAGE}a_run_that_waits_is_seen_before_its_turn_and_computed_in_its_turn",
    ),
    Mutant(
        "the density shown is always the first replicate's",
        "page/running.py",
        "_one(state.params, self.shown)",
        "_one(state.params, 0)",
        f"{PAGE}the_density_and_the_histogram_are_of_the_shown_replicate",
    ),
    Mutant(
        "the page counts generations with a status for replicates",
        "page/running.py",
        "!= 0).any(axis=1).sum())",
        "!= 0).any(axis=0).sum())",
        f"{PAGE}the_end_counts_replicates_with_a_status",
    ),
    Mutant(
        "a law on the page is of the generation before",
        "page/slow.py",
        "values = law.at(steps)",
        "values = law.at(steps - 1)",
        f"{PAGE}a_law_is_sent_with_its_source",
    ),
)
COMPILING = (
    Mutant(
        "the page's child knows one engine alone",
        "page/compiling.py",
        "for engine in ENGINES:",
        'for engine in ("grouped",):',
        f"{CHILD}a_child_compiles_all_that_the_page_can_need",
    ),
    Mutant(
        "kernels are compiled twice for arrays that are read-only",
        "types.py",
        'np.array(np.broadcast_to(values, (replicates, *values.shape[1:])), order="C")',
        "np.ascontiguousarray(np.broadcast_to(values, (replicates, *values.shape[1:])))",
        f"{CHILD}a_child_compiles_all_that_the_page_can_need",
    ),
    Mutant(
        "the page's first story waits for all the others",
        "page/compiling.py",
        "if warming.compiled(warming.GROUPED):",
        "if warming.compiled(warming.KERNELS):",
        f"{CHILD}the_first_story_need_not_wait_for_the_others",
    ),
)
REPORTS = (
    Mutant(
        "labels in a report are markup",
        "report/markup.py",
        "return Markup(escape(child))",
        "return Markup(child)",
        f"{REPORT}what_is_no_markup_is_escaped",
    ),
    Mutant(
        "attributes in a report are markup",
        "report/markup.py",
        '="{escape(v)}"',
        '="{v}"',
        f"{REPORT}what_is_no_markup_is_escaped",
    ),
    Mutant(
        "z in a report has the other sign",
        "report/of_result.py",
        'f"{at.z:+.2f}" if judged_z',
        'f"{-at.z:+.2f}" if judged_z',
        f"{REPORT}every_law_stands_there_with_z_and_verdict",
    ),
    Mutant(
        "a report counts replicates without a status",
        "report/of_result.py",
        'f"{had} of {count}"',
        'f"{count - had} of {count}"',
        f"{REPORT}statuses_are_counted_and_dated",
    ),
    Mutant(
        "the report of a study counts generations with a status",
        "report/of_study.py",
        "!= 0).any(axis=1).sum())",
        "!= 0).sum())",
        f"{REPORT}statuses_of_a_study_are_counted_by_replicates_and_cells",
    ),
    Mutant(
        "ids of a report's figures are alike",
        "report/figures.py",
        'yield name, f"{prefix}{value}"',
        "yield name, value",
        f"{REPORT}a_report_needs_nothing_and_runs_nothing",
    ),
)
PAGE_AND_REPORT = (*SERVER, *COMPILING, *REPORTS)
