#!/usr/bin/env python3
"""Plants edits into a copy of the source and says which tests see each.

    python3 testkit/edits/run.py [--only TEXT] [--new] [--all] [--keep DIR [--reuse]]
    python3 testkit/edits/run.py --check

Every edit of the files here is put behind a number that the copy's programs read
from ZKMARGIN_EDIT, so that all of them are built once. Golden texts are off
(ZKMARGIN_GOLDEN=off). Tests run in stages, the quick ones first; an edit goes on
to the next stage until a test has found it. The table of bounds alone is not
enough: it is a stored text, though one that is always compared. `found` of an edit,
which a run writes, says what found it when it was run last; `--check` only looks whether
every edit's place is still there, once, whether something has found it, and whether the
README's table says so.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
WHOLE = ["bounds_are_as_stored", "the_witness_is_rigid"]
DEEP = ["no_lie_is_accepted", "the_graph_is_whole", "no_cell_can_be_changed"]
# By the edited file, the first that fits: per stage the modules of the test program (of
# testkit, unless another package is named), and the tests of them that run; what holds a =
# is for the program, such as which transcripts.
STAGES = {
    "statement/venue/": [
        [("statement", ["venue::"])],
        [("venue", WHOLE)],
        [("circuits/venue", [])],
        [("venue", ["no_published_lie_is_accepted", *DEEP])],
    ],
    "statement/haircut/": [
        [("statement", ["haircut::"])],
        [("haircut", WHOLE)],
        [("circuits/haircut", [])],
        [("haircut", ["no_published_lie_is_accepted", *DEEP])],
    ],
    "statement/netting/": [
        [("statement", ["netting::"])],
        [("netting", WHOLE)],
        [("circuits/netting", [])],
        [("netting", ["no_published_lie_is_accepted", *DEEP])],
    ],
    "statement/escrow/": [
        [("statement", ["escrow::"])],
        [("escrow", ["no_lie_is_accepted", *WHOLE])],
        [("circuits/escrow", [])],
        [("escrow", ["no_published_lie_is_accepted", *DEEP])],
        [("standard", DEEP)],
    ],
    "gadgets/": [
        [("gadgets", [])],
        [("standard", WHOLE)],
        [("scenario", WHOLE)],
        [("scenario", ["the_graph_is_whole"])],
        # Quotients and points are in no other family, and in no other statement.
        [("settlement", WHOLE), ("escrow", WHOLE)],
        [("standard", DEEP)],
        [("boundaries", [])],
        [("statement", [])],
    ],
    "settlement/": [
        [("settlement", [*WHOLE, "the_terms_are_the_familys"])],
        [("boundaries", ["settlement::"])],
        [("statement", ["settlement::"])],
        [("circuits/settlement", [])],
        [("settlement", DEEP)],
    ],
    "standard/": [
        [("standard", WHOLE)],
        [("boundaries", ["standard::"])],
        [("statement", ["standard::"])],
        [("circuits/rejects", [])],
        [("standard", DEEP)],
    ],
    "scenario/": [
        [("scenario", WHOLE)],
        [("boundaries", ["scenario::", "extremes::"])],
        [("statement", ["scenario::"])],
        [("circuits/scenario_rejects", [])],
        [("scenario", DEEP)],
    ],
    "simulation/": [
        [("simulation", WHOLE)],
        [("boundaries", ["simulation::", "extremes::"])],
        [("statement", ["simulation::"])],
        [("simulation", ["nothing_is_told_twice", "the_number_of_scenarios"])],
        [("circuits/simulation", ["rejects::", "true_statements", "native_check"])],
        [("simulation", DEEP)],
    ],
    "transition/deleveraging/": [
        [("deleveraging", ["the_graph_is_whole"])],
        [("statement", ["deleveraging::"])],
        [("circuits/deleveraging", [])],
        [("deleveraging", ["no_lie_is_accepted", "no_cell_can_be_changed"])],
    ],
    "transition/": [
        [("transitions", WHOLE)],
        [("boundaries", ["transition::"])],
        [("statement", ["transition::"])],
        [("circuits/transition", [])],
        [("transitions", DEEP)],
    ],
    "lowering/shape.rs": [
        [("circuits/zkmargin_circuits", ["lowering::shape::"])],
        [("circuits/zkmargin_circuits", ["lowering::tests::"])],
    ],
    "lowering/": [
        [("recorders", ["both_read"])],
        [("recorders", ["advice_of_another_statement_does_not_verify_on_chain"])],
        [("circuits/zkmargin_circuits", ["lowering::"]), ("circuits/lowering", [])],
    ],
    "tall": [
        [("gadgets", [])],
        [("standard", [*WHOLE, "the_graph_is_whole"])],
        [("scenario", ["the_graph_is_whole"])],
        [("transitions", [*WHOLE, "the_graph_is_whole"])],
        [("circuits/lowering", ["on_truth_and_lies"])],
        [("standard", DEEP)],
        [("statement", ["standard::", "transition::"])],
    ],
    "src/kzg": [
        [("circuits/zkmargin_circuits", ["kzg::"])],
        [("circuits/kzg", ["stored_keys", "does_not_prove"])],
        [("circuits/kzg", [])],
    ],
    "src/ipa.rs": [
        [("circuits/zkmargin_circuits", ["ipa::"])],
        [("recorders", ["transparently"])],
    ],
}
# Only the escrow has points; accounts of a subtree are a venue's, and what is held beside
# a slot a transition's.
STAGES = {
    "gadgets/curve.rs": STAGES["statement/escrow/"],
    "statement/subtree": STAGES["statement/venue/"] + STAGES["statement/haircut/"],
    "statement/held.rs": STAGES["transition/"],
    **STAGES,
}
# What all families share: the standard family's tests, then those of transitions.
STAGES["statement/"] = STAGES["standard/"] + STAGES["transition/"]
STORED = "bounds_are_as_stored"
LIBRARIES = ("circuits/zkmargin_circuits", "prover/zkmargin_prover")
SWITCH = """
/// Whether the edit of this number is in force.
pub(crate) fn edited(number: u32) -> bool {
    static EDIT: std::sync::LazyLock<u32> = std::sync::LazyLock::new(|| {
        std::env::var("ZKMARGIN_EDIT").ok().and_then(|n| n.parse().ok()).unwrap_or(0)
    });
    *EDIT == number
}
"""


def parts(edit):
    """The places of an edit: `old` holds what is replaced between « and »."""
    return edit.get("part") or [edit]


def stages(edit):
    """The stages of an edit: those it names, or its file's."""
    file = edit.get("stages") or parts(edit)[0]["file"]
    return next(of for place, of in STAGES.items() if place in file)


def misplaced(root, edits):
    """Edits whose place is not there, or not once."""
    missing = []
    for edit in edits:
        for part in parts(edit):
            whole = part["old"].replace("«", "").replace("»", "")
            count = (root / part["file"]).read_text().count(whole)
            if count != 1:
                missing.append(f"{edit['name']}: {part['file']} has its place {count} times")
    return missing


def plant(copy, edits):
    """Puts all edits behind their numbers."""
    places = {}
    for number, edit in enumerate(edits, start=1):
        for part in parts(edit):
            before, rest = part["old"].split("«")
            old, after = rest.split("»")
            places.setdefault((part["file"], before, old, after), []).append((number, part["new"]))
    # The longest first: what stands in it is replaced inside of it.
    for (file, before, old, after), news in places.items():
        path = copy / file
        text = path.read_text()
        whole = before + old + after
        if text.count(whole) != 1:
            sys.exit(f"{file}: found {text.count(whole)} times, not once: {whole}")
        start = text.index(whole) + len(before)
        chain = " else ".join(f"if crate::edited({n}) {{ {new} }}" for n, new in news)
        switched = f"{chain} else {{ {old} }}"
        if not old.rstrip().endswith(";"):
            switched = f"({switched})"
        path.write_text(text[:start] + switched + text[start + len(old):])
    switch(copy, "circuits")


def switch(copy, package):
    """Lets a package read the number."""
    lib = copy / package / "src/lib.rs"
    lib.write_text(lib.read_text() + SWITCH)


def cargo(copy, env, packages=("circuits", "testkit")):
    """Compiles the test programs: whether it does, and what cargo says."""
    command = ["cargo", "test", "--no-run", "--message-format=json", "--lib", "--test", "all"]
    command += [word for package in packages for word in ("-p", f"zkmargin-{package}")]
    built = subprocess.run(command, cwd=copy, env=env, stdout=subprocess.PIPE, text=True)
    return built.returncode == 0, [json.loads(line) for line in built.stdout.splitlines()]


def show(messages):
    """Prints what the compiler refuses."""
    for message in messages:
        message = message.get("message")
        if isinstance(message, dict) and message.get("level") == "error":
            print(message["rendered"], file=sys.stderr)


def build(copy, env, stages=STAGES, packages=("circuits", "testkit")):
    """What the stages name: the program, where it runs, and its tests of that name."""
    built, messages = cargo(copy, env, packages)
    if not built:
        show(messages)
        sys.exit("the copy does not build")
    programs = {}
    for message in messages:
        if message.get("executable") and message["profile"]["test"]:
            folder = pathlib.Path(message["manifest_path"]).parent
            programs[folder.name, message["target"]["name"]] = message["executable"], folder
    of = {}
    for name in {name for of in stages.values() for stage in of for name, _ in stage}:
        package, _, test = name.rpartition("/")
        package, prefix = package or "testkit", "" if name in LIBRARIES else f"{test}::"
        program, folder = programs[package, test if name in LIBRARIES else "all"]
        listed = subprocess.run([program, "--list"], stdout=subprocess.PIPE, text=True, check=True)
        tests = [line.removesuffix(": test") for line in listed.stdout.splitlines()
                 if line.startswith(prefix) and line.endswith(": test")]
        of[name] = program, folder, {test.removeprefix(prefix): test for test in tests}
    return of


def environment(copy):
    """Of cargo and of the test programs."""
    target = os.environ.get("CARGO_TARGET_DIR", str(copy.parent / "target"))
    return {**os.environ, "ZKMARGIN_GOLDEN": "off", "RUST_BACKTRACE": "0",
            "CARGO_TARGET_DIR": target}


def all_edits():
    """Those of all files here, numbered from one."""
    files = sorted(pathlib.Path(__file__).parent.glob("*.toml"))
    return [edit for file in files for edit in tomllib.loads(file.read_text())["edit"]]


def note(name, found):
    """Writes into an edit's file what has found it."""
    for file in pathlib.Path(__file__).parent.glob("*.toml"):
        text = file.read_text()
        line = f"name = {json.dumps(name, ensure_ascii=False)}\n"
        if text.count(line) == 1:
            head, tail = text.split(line)
            tail = re.sub(r"\Afound = .*\n", "", tail)
            file.write_text(f"{head}{line}found = {json.dumps(found, ensure_ascii=False)}\n{tail}")


def row(edit):
    """Its row in the table of the README."""
    by = ", ".join(f"`{name}`" for name in edit.get("found", [])) or "**nothing**"
    more = f"; {edit['note']}" if "note" in edit else ""
    return f"| {edit['kind']} | {edit['name']} | {by}{more} |"


def copy_source(copy):
    """Copies the source."""
    skipped = shutil.ignore_patterns("target", "node_modules", ".git")
    # As new files: cargo takes what is older than its own results for built.
    shutil.copytree(ROOT, copy, ignore=skipped, copy_function=shutil.copy, dirs_exist_ok=True)


def plant_all(copy):
    """Copies the source and plants all edits."""
    copy_source(copy)
    plant(copy, all_edits())


def run(programs, stage, number, env, limit=900):
    """Names of the tests that fail."""
    failed = []
    for name, filters in stage:
        program, folder, tests = programs[name]
        chosen = [whole for test, whole in tests.items()
                  if not filters or any(text in test for text in filters)]
        if not chosen:
            sys.exit(f"{name} has no test of {filters}")
        try:
            result = subprocess.run(
                [program, "--exact", *chosen, *(f for f in filters if "=" in f)], cwd=folder,
                env={**env, "ZKMARGIN_EDIT": str(number)}, capture_output=True, text=True,
                timeout=limit)
        except subprocess.TimeoutExpired:
            failed.append(f"{name}: timeout")
            continue
        before = len(failed)
        for line in result.stdout.splitlines():
            if line.startswith("test ") and line.endswith(" FAILED"):
                failed.append(f"{name}: {line.split()[1].split('::')[-1]}")
        if result.returncode != 0 and len(failed) == before:
            failed.append(f"{name}: stops")
    return failed


def must_pass(programs, stages, env, limit=900):
    """Ends where the source as it is fails a stage: what fails anyway finds nothing."""
    for stage in [stage for i, stage in enumerate(stages) if stage not in stages[:i]]:
        failed = run(programs, stage, 0, env, limit)
        if failed:
            sys.exit(f"the source as it is fails: {failed}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="edits whose name or file holds this text")
    parser.add_argument("--new", action="store_true", help="edits that were never found")
    parser.add_argument("--check", action="store_true", help="only whether all can be planted")
    parser.add_argument("--table", action="store_true", help="the rows of the README's table")
    parser.add_argument("--all", action="store_true", help="all stages, found or not")
    parser.add_argument("--keep", help="a directory for the copy, which stays")
    parser.add_argument("--reuse", action="store_true", help="the copy as it stands there")
    parser.add_argument("--trust", action="store_true", help="the source as it is passes")
    arguments = parser.parse_args()
    edits = all_edits()
    if missing := misplaced(ROOT, edits):
        sys.exit("\n".join(missing))
    if arguments.check:
        table = (ROOT / "testkit/README.md").read_text()
        wrong = [f"nothing is known to find: {e['name']}" for e in edits if not e.get("found")]
        wrong += [f"not in the README: {row(e)}" for e in edits if row(e) not in table]
        sys.exit("\n".join(wrong) or None)
    if arguments.table:
        print("\n".join(map(row, edits)))
        return
    copy = pathlib.Path(arguments.keep or tempfile.mkdtemp(prefix="zkmargin-edits-")) / "source"
    if not arguments.reuse:
        plant_all(copy)
    env = environment(copy)
    chosen = [
        (number, edit) for number, edit in enumerate(edits, start=1)
        if any((arguments.only or "") in text for text in (edit["name"], parts(edit)[0]["file"]))
        and not (arguments.new and "found" in edit)
    ]
    programs = build(copy, env)
    missed = []
    print("| kind | edit | found by |\n|---|---|---|", flush=True)
    if not arguments.trust:
        must_pass(programs, [stages(edit)[0] for _, edit in chosen], env)
    for number, edit in chosen:
        found = []
        for stage in stages(edit):
            found += run(programs, stage, number, env)
            if not arguments.all and any(STORED not in name for name in found):
                break
        if found:
            note(edit["name"], found)
        else:
            missed.append(edit["name"])
        print(row({**edit, "found": found}), flush=True)
    if not arguments.keep:
        shutil.rmtree(copy.parent)
    if missed:
        sys.exit(f"not found: {missed}")


if __name__ == "__main__":
    main()
