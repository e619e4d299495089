#!/usr/bin/env python3
"""Mutates the circuits' source and says which mutants the tests miss.

    python3 testkit/mutants/run.py [--sample N] [--seed S] [--plant-only] [--keep DIR]

Every mutant is put behind a number, so that all are built once; those that do not
compile are dropped, round by round. The tests are those of `edits/run.py`, stage by
stage, with golden texts off. Hints are left out: they are the prover's choices, and a
wrong one proves nothing. So are hooks and what counts or prints.

A mutant takes a second or two where an honest account finds it, and a minute where
nothing does. CARGO_TARGET_DIR should be no directory that other work uses: the copy's
programs have the same names there.
"""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "edits"))
import run as edits  # noqa: E402

OUT = ("hints", "tests.rs", "ipa.rs", "kzg", "mock.rs", "cost", "lib.rs", "hook.rs")
STAGES = {**edits.STAGES, "figures.rs": edits.STAGES["gadgets/"],
          "family.rs": edits.STAGES["statement/"]}


def sources():
    """The files that are mutated."""
    files = sorted(path.relative_to(ROOT) for path in (ROOT / "circuits/src").rglob("*.rs"))
    return [str(file) for file in files if not any(part in str(file) for part in OUT)]


def stages(mutant):
    """The stages of a mutant, by its file."""
    return next(of for place, of in STAGES.items() if place in mutant[1])


def plant(copy, files, skipped, env):
    """Plants all mutants but those skipped: (number, file, line, kind, text) of each."""
    for file in files:
        shutil.copyfile(ROOT / file, copy / file)
    lib = copy / "circuits/src/lib.rs"
    lib.write_text((ROOT / "circuits/src/lib.rs").read_text() + edits.SWITCH)
    skip = copy.parent / "skip.txt"
    skip.write_text("\n".join(map(str, sorted(skipped))))
    tool = ["cargo", "run", "--quiet", "--manifest-path", str(HERE / "Cargo.toml"), "--", "1",
            str(skip), *files]
    planted = subprocess.run(tool, cwd=copy, env=env, check=True, stdout=subprocess.PIPE, text=True)
    return [line.split("\t") for line in planted.stdout.splitlines()]


def broken(copy, env):
    """Numbers of the mutants that the compiler refuses; `None` when it refuses none."""
    command = ["cargo", "build", "--message-format=json", "-p", "zkmargin-circuits", "--features",
               "seeded-faults"]
    built = subprocess.run(command, cwd=copy, env=env, stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True)
    if built.returncode == 0:
        return None
    found = set()
    for line in built.stdout.splitlines():
        message = json.loads(line).get("message")
        if not isinstance(message, dict) or message.get("level") != "error":
            continue
        for span in (span for span in message["spans"] if span["is_primary"]):
            before = (copy / span["file_name"]).read_bytes()[:span["byte_end"]].decode()
            # What is refused stands behind the last switch before it.
            found.update(int(number) for number in re.findall(r"edited\((\d+)\)", before)[-1:])
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
    parser.add_argument("--sample", type=int, help="so many mutants, drawn at random from every file")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--plant-only", action="store_true", help="plant, compile, and list")
    parser.add_argument("--keep", help="a directory for the copy, which stays")
    arguments = parser.parse_args()
    copy = pathlib.Path(arguments.keep or tempfile.mkdtemp(prefix="zkmargin-mutants-")) / "source"
    skipped = shutil.ignore_patterns("target", "node_modules", ".git")
    shutil.copytree(ROOT, copy, ignore=skipped, dirs_exist_ok=True)
    target = os.environ.get("CARGO_TARGET_DIR", str(copy.parent / "target"))
    env = {**os.environ, "ZKMARGIN_GOLDEN": "off", "RUST_BACKTRACE": "0",
           "CARGO_TARGET_DIR": target}
    dropped, files = set(), sources()
    while True:
        mutants = plant(copy, files, dropped, {**os.environ})
        refused = broken(copy, env)
        if refused is None:
            break
        if not refused - dropped:
            sys.exit("the copy does not build, and no mutant is to blame")
        dropped |= refused
    print(f"{len(mutants)} mutants compile, {len(dropped)} do not", flush=True)
    if arguments.sample:
        mutants = sampled(mutants, arguments.sample, arguments.seed)
    if arguments.plant_only:
        print("\n".join("\t".join(mutant) for mutant in mutants))
        return
    programs, missed = edits.build(copy, [stages(mutant) for mutant in mutants], env), 0
    for mutant in mutants:
        number, file, line, kind, text = mutant
        found = []
        for stage in stages(mutant):
            found += edits.run(programs, stage, int(number), env)
            if any(edits.STORED not in name for name in found):
                break
        missed += not found
        print("\t".join([file, line, kind, text, ", ".join(found) or "MISSED"]), flush=True)
    print(f"{len(mutants) - missed} of {len(mutants)} found")
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
