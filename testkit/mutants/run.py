#!/usr/bin/env python3
"""Mutates the circuits' source, or what makes proofs of it, and says what the tests miss.

    python3 testkit/mutants/run.py [--of circuits|prover] [--sample N] [--seed S] [--keep DIR]

Every mutant is put behind a number, so that all are built once; those that do not
compile are dropped, round by round. The tests are those of `edits/run.py`, stage by
stage, with golden texts off. Of the circuits hints are left out: they are the prover's
choices, and a wrong one proves nothing. So are hooks and what counts or prints. Of the
prover's library what makes proofs and files of a venue is mutated, and its own tests run.

A mutant takes a second or two where an honest account finds it, and a minute where
nothing does. CARGO_TARGET_DIR should be no directory that other work uses: the copy's
programs have the same names there.
"""

import argparse
import datetime
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "edits"))
import run as edits  # noqa: E402

# Below it are the edits, which are planted too: one build is for both.
FIRST = 1000
OUT = ("hints", "tests.rs", "ipa.rs", "kzg", "mock.rs", "cost", "lib.rs", "hook.rs")
# What three families share.
OPTIONS = [stage for family in ("settlement/", "simulation/", "scenario/")
           for stage in edits.STAGES[family]]
# Sizes are in no constraint: what nothing else finds may be one.
SIZES = [("circuits/layouts", ["fits_half"]), ("circuits/escrow", ["fit_their_rows"]),
         ("circuits/haircut", ["fit_their_rows"]), ("circuits/settlement", ["fits_its_rows"]),
         ("circuits/netting", ["true_statements", "in_other_families"]),
         ("circuits/simulation", ["fits_its_rows"])]
STAGES = {**edits.STAGES, "src/figures.rs": edits.STAGES["gadgets/"],
          "family.rs": edits.STAGES["statement/"],
          "src/position.rs": OPTIONS, "src/side.rs": OPTIONS}
# A deleveraging is made of what a transition is.
STAGES["transition/"] = STAGES["transition/"] + STAGES["transition/deleveraging/"]
STAGES = {place: [*of, SIZES] for place, of in STAGES.items()}
# Of the prover: what makes proofs and files of a venue.
MADE = ("proving.rs", "family.rs", "whole.rs", "setup.rs", "netting.rs", "venue_proof.rs",
        "haircut_proof.rs", "backend/", "escrow/", "transition/", "venue/")


def of_prover(name, *filters):
    """Tests of a module of the prover's program."""
    return f"prover/{name}", list(filters)


def transcripts(*names):
    """Transcripts of those names."""
    return of_prover("transcripts", "transcripts", *(f"trycmd={name}" for name in names))


LIBRARY = [("prover/zkmargin_prover", []),
           *(of_prover(name) for name in ("committee", "corpus", "whole"))]
FIGURES = [of_prover("conformance", "span", "standard", "medium", "beyond", "deribits"),
           *(of_prover(name) for name in ("family", "settlement", "scenario_report"))]
DOOR = [of_prover("front_door"), of_prover("edit")]
# What none of a file's own sees goes to all, the slowest last.
REST = [
    [*DOOR, *FIGURES, of_prover("open"), of_prover("plot")],
    [of_prover("flow", "imported", "options", "overdue", "cure")],
    [of_prover("transition"), of_prover("venue_proof"), of_prover("escrow")],
    [transcripts()],
    [of_prover(name) for name in ("flow", "door", "venue_shapes", "verify", "conformance")],
]
PROVER = {
    "prover/src/escrow/": [LIBRARY, [of_prover("escrow")], [of_prover("venue_proof")]],
    "prover/src/transition/": [LIBRARY, [of_prover("transition")], [transcripts("whatif")]],
    "prover/src/venue": [LIBRARY, [of_prover("venue_proof")], [of_prover("venue_shapes")],
                         [transcripts("venue", "epoch", "haircut")]],
    "prover/src/whole.rs": [LIBRARY, [of_prover("venue_proof")], [transcripts("haircut")]],
    "prover/src/haircut_proof.rs": [LIBRARY, [transcripts("haircut")]],
    "prover/src/netting.rs": [LIBRARY, [transcripts("netting")]],
    "prover/src/": [LIBRARY],
}
PROVER = {place: [*of, *REST] for place, of in PROVER.items()}


class Of:
    """A crate: its files, the packages whose tests run, and which run for a file."""

    def __init__(self, crate, packages, stages, chosen, limit):
        self.crate, self.packages, self.stages = crate, packages, stages
        self.chosen, self.limit = chosen, limit

    def sources(self):
        """The files that are mutated."""
        folder = ROOT / self.crate / "src"
        files = sorted(path.relative_to(ROOT) for path in folder.rglob("*.rs"))
        return [str(file) for file in files if self.chosen(str(file).removeprefix(f"{self.crate}/src/"))]

    def stages_of(self, mutant):
        """The stages of a mutant, by its file."""
        return next(of for place, of in self.stages.items() if place in mutant[1])


CRATES = {
    "circuits": Of("circuits", ("circuits", "testkit"), STAGES,
                   lambda file: not any(part in file for part in OUT), 120),
    "prover": Of("prover", ("prover",), PROVER, lambda file: file.startswith(MADE), 600),
}


def plant(copy, base, skipped, env):
    """Plants all mutants but those skipped: (number, file, line, kind, text) of each."""
    for file, text in base.items():
        (copy / file).write_text(text)
    skip = copy.parent / "skip.txt"
    skip.write_text("\n".join(map(str, sorted(skipped))))
    tool = ["cargo", "run", "--quiet", "--manifest-path", str(HERE / "Cargo.toml"), "--",
            str(FIRST), str(skip), *base]
    planted = subprocess.run(tool, cwd=copy, env=env, check=True, stdout=subprocess.PIPE, text=True)
    return [line.split("\t") for line in planted.stdout.splitlines()]


def broken(copy, messages):
    """Numbers of the mutants that the compiler refuses."""
    found = set()
    for message in messages:
        message = message.get("message")
        if not isinstance(message, dict) or message.get("level") != "error":
            continue
        for span in (span for span in message["spans"] if span["is_primary"]):
            before = (copy / span["file_name"]).read_bytes()[:span["byte_end"]].decode()
            # What is refused stands behind the last switch of a mutant before it.
            switches = map(int, re.findall(r"edited\((\d+)\)", before))
            found.update([number for number in switches if number >= FIRST][-1:])
    return found


def sampled(mutants, count, seed):
    """So many mutants: of each file in proportion, and of each one at least."""
    draw, files = random.Random(seed), {}
    for mutant in mutants:
        files.setdefault(mutant[1], []).append(mutant)
    share = {file: max(1, round(count * len(of) / len(mutants))) for file, of in files.items()}
    return [mutant for file in sorted(files) for mutant in draw.sample(files[file], share[file])]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--of", choices=CRATES, default="circuits", help="what is mutated")
    parser.add_argument("--sample", type=int, help="so many mutants, drawn at random from every file")
    parser.add_argument("--seed", type=int, default=1, help="of the sample and its order")
    parser.add_argument("--build-only", action="store_true", help="plant, compile, and list")
    parser.add_argument("--until", help="no new mutant after this time of the day, HH:MM UTC")
    parser.add_argument("--keep", help="a directory for the copy, which stays")
    parser.add_argument("--reuse", action="store_true", help="the copy as it stands there")
    parser.add_argument("--trust", action="store_true", help="the source as it is passes")
    arguments = parser.parse_args()
    copy = pathlib.Path(arguments.keep or tempfile.mkdtemp(prefix="zkmargin-mutants-")) / "source"
    env = edits.environment(copy)
    listed = copy.parent / "mutants.json"
    of = CRATES[arguments.of]
    if not arguments.reuse:
        if of.crate == "circuits":
            edits.plant_all(copy)
        else:
            edits.copy_source(copy)
            edits.switch(copy, of.crate)
        listed.write_text(json.dumps(compiling(copy, of, arguments, env)))
    mutants = json.loads(listed.read_text())
    programs = edits.build(copy, env, of.stages, of.packages)
    if arguments.build_only:
        print("\n".join("\t".join(mutant) for mutant in mutants))
        return
    if not arguments.trust:
        whole = [stage for mutant in mutants for stage in of.stages_of(mutant)]
        edits.must_pass(programs, whole, env)
    ran = missed = 0
    for mutant in mutants:
        if arguments.until and datetime.datetime.now(datetime.UTC).strftime("%H:%M") >= arguments.until:
            break
        number, file, line, kind, text = mutant
        found, start = [], time.monotonic()
        for stage in of.stages_of(mutant):
            found += edits.run(programs, stage, int(number), env, of.limit)
            # The table of bounds is a stored text, and a test without an end says nothing.
            if any(edits.STORED not in name and "timeout" not in name for name in found):
                break
        ran += 1
        missed += not found
        seconds = f"{time.monotonic() - start:.0f}"
        print("\t".join([number, file, line, kind, text, seconds, ", ".join(found) or "MISSED"]),
              flush=True)
    print(f"{ran - missed} of {ran} found")
    sys.exit(missed > 0)


def compiling(copy, of, arguments, env):
    """The mutants that compile, planted, in the order in which they are to run."""
    base = {file: (copy / file).read_text() for file in of.sources()}
    every = plant(copy, base, set(), {**os.environ})
    chosen = sampled(every, arguments.sample, arguments.seed) if arguments.sample else every
    skipped = {int(mutant[0]) for mutant in every} - {int(mutant[0]) for mutant in chosen}
    dropped = set()
    while True:
        mutants = plant(copy, base, skipped | dropped, {**os.environ})
        built, messages = edits.cargo(copy, env, of.packages)
        if built:
            break
        refused = broken(copy, messages) - dropped
        if not refused:
            edits.show(messages)
            sys.exit("the copy does not build, and no mutant is to blame")
        dropped |= refused
    print(f"{len(every)} mutants, {len(chosen)} drawn, {len(dropped)} of these do not compile",
          flush=True)
    # Any that come first are a sample too.
    random.Random(arguments.seed).shuffle(mutants)
    return mutants


if __name__ == "__main__":
    main()
