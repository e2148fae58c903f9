#!/usr/bin/env python3
"""Generates pictures that no parameter was tuned on, reads them, and prints the accuracy as Markdown.

    ./dev accuracy --count 200                     # another set each time
    ./dev accuracy --count 200 --seed 20260101     # that set again
    ./dev accuracy --set DIR --wrong               # an existing set, with every field that differs
    ./dev accuracy --family column                 # cards that differ in one thing from the usual; `all`: every family
    ./dev accuracy --forgeries --count 10          # how many forgeries are caught, and honest pictures suspected
    ./dev accuracy --pictures --count 100          # whether a picture that comes again is recognised, and another is not

The reader is `filot-read` in its release build: one process on one core reads all files, then scores and
decides with the product's own code. The legacy service (tests/cards/legacy.py) reads the same files on one
thread, in one process for each file. CPU seconds are user and system time of these processes, so other work
on the machine does not count.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import board  # noqa: E402
import forgery_board  # noqa: E402
import legacy  # noqa: E402
import picture_board  # noqa: E402
from cardgen import families  # noqa: E402


def options():
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="accuracy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=120, metavar="N", help="how many pictures (default 120)")
    parser.add_argument(
        "--seed", type=int, metavar="N", help="default: one that was not used before, from the clock"
    )
    parser.add_argument(
        "--styles",
        choices=["held-out", "tuned"],
        default="held-out",
        help="held-out (default): typefaces, grounds, tables and cameras that the tuned set never has",
    )
    parser.add_argument(
        "--family",
        metavar="NAME",
        help=f"cards of these families, separated by commas, or `all`: {', '.join(families.ALL)}",
    )
    parser.add_argument("--kind", default="mixed", choices=["mixed", "ktp", "npwp", "negative"])
    parser.add_argument("--difficulty", default="mixed", choices=["mixed", *board.LEVELS])
    parser.add_argument(
        "--set", type=Path, metavar="DIR", help="judge this folder (with truth.jsonl) instead of generating"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="generate into this folder and keep it, with what was read"
    )
    parser.add_argument(
        "--forgeries",
        action="store_true",
        help="judge the signs of forgeries instead: --count of each kind, four times as many of each honest treatment",
    )
    parser.add_argument(
        "--pictures", action="store_true", help="judge the hashes of pictures instead: --count cards of each kind"
    )
    parser.add_argument("--no-legacy", action="store_true", help="leave the legacy service out")
    parser.add_argument("--wrong", action="store_true", help="list every field that differs")
    parser.add_argument(
        "--reader", type=Path, default=Path("target/release/filot-read"), help="the reader's program"
    )
    parser.add_argument("--engine", help="the reader's line engine")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes that draw (default 1)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the Markdown here, not to stdout")
    o = parser.parse_args()
    o.families = list(families.ALL) if o.family == "all" else (o.family or "").split(",") if o.family else []
    if unknown := set(o.families) - set(families.ALL):
        parser.error(f"no such family: {', '.join(sorted(unknown))}")
    return o


def progress(text, done=False):
    """Progress: one line on stderr that the next one overwrites."""
    if sys.stderr.isatty() or done:
        print(
            f"\r\x1b[K{text}" if sys.stderr.isatty() else text,
            end="\n" if done else "",
            file=sys.stderr,
            flush=True,
        )


def generate(o, folder, family=None):
    """Draw the set, or this family's."""
    subprocess.run(
        [
            sys.executable,
            HERE / "generate.py",
            "--out",
            folder,
            "--seed",
            str(o.seed),
            "--count",
            str(o.count),
            "--styles",
            o.styles,
            "--kind",
            o.kind,
            "--difficulty",
            o.difficulty,
            "--pdf",
            "0",
            "--jobs",
            str(o.jobs),
            *(["--family", family] if family else []),
        ],
        check=True,
    )


def one_core():
    """Keeps this process and its children on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def read(o, files):
    """(the reader's lines by file name, CPU seconds, seconds)."""
    command = [o.reader, *(["--engine", o.engine] if o.engine else []), *files]
    started, answers = time.monotonic(), {}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=one_core,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )
    for line in process.stdout:
        answer = json.loads(line)
        answers[Path(answer["file"]).name] = answer
        progress(f"read {len(answers)}/{len(files)}", not sys.stderr.isatty() and len(answers) % 50 == 0)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit(f"{o.reader} ended with {process.returncode} after {len(answers)} of {len(files)} files")
    progress(f"read {len(answers)}/{len(files)} in {time.monotonic() - started:.0f} s", True)
    return answers, usage.ru_utime + usage.ru_stime, time.monotonic() - started


def run_legacy(truths, folder):
    """(boards of the legacy service by name, CPU seconds a document)."""
    boards = {"as captured": board.Board(), "first line of each capture": board.Board()}
    seconds = 0.0
    for done, truth in enumerate(truths, 1):
        text, spent = legacy.text_of(folder / truth["file"])
        seconds += spent
        for name, counts in boards.items():
            claimed = "KTP" if truth["kind"] == "negative" else truth["kind"]
            fields = legacy.fields(text, claimed, name != "as captured")
            counts.add(truth, {"kind": claimed if fields else "unknown", "fields": fields})
        progress(f"legacy service {done}/{len(truths)}", not sys.stderr.isatty() and done % 50 == 0)
    progress(f"legacy service {len(truths)}/{len(truths)}", True)
    return boards, seconds / len(truths)


def main():
    """Generate, read, count, print."""
    o = options()
    if not o.reader.is_file():
        sys.exit(f"{o.reader} is missing: cargo build --workspace --bin filot-read")
    if o.seed is None:
        o.seed = int(time.time())
    with tempfile.TemporaryDirectory(prefix="filot-accuracy-") as temporary:
        folder = o.set or o.keep or Path(temporary)
        if o.families:
            judge_families(o, folder)
            return
        special = forgery_board if o.forgeries else picture_board if o.pictures else None
        if special and not o.set:
            special.generate(folder, o.seed, o.count, o.jobs, progress)
        elif not o.set:
            generate(o, folder)
        if special:
            judge_special(o, folder, truths_of(folder), special)
        else:
            judge(o, folder, truths_of(folder))


def truths_of(folder):
    """The truth of a set."""
    return [json.loads(line) for line in (folder / "truth.jsonl").read_text("utf-8").splitlines()]


def judge_families(o, folder):
    """Draw and read every family, and print one row for each."""
    every, rows, spent = board.Board(), [], 0.0
    for family in o.families:
        place = folder / family
        if not o.set:
            generate(o, place, family)
        truths = truths_of(place)
        answers, seconds, _ = read(o, [place / truth["file"] for truth in truths])
        keep(o, place, answers)
        counts = board.Board()
        for truth in truths:
            counts.add(truth, answers[truth["file"]])
            every.add(truth, answers[truth["file"]])
        rows.append((family, counts, seconds / len(truths)))
        spent += seconds
    rows.append(("all", every, spent / every.documents))
    lines = [
        f"`./dev accuracy --family {o.family} --count {o.count} --seed {o.seed} --styles {o.styles}`",
        "",
    ]
    lines += [*board.families_table(rows), *board.held_tables(every)]
    lines += [*board.decisions_table(every), *board.calibration_table(every)]
    write(o, [*lines, *lists(o, every)])


def keep(o, folder, answers):
    """Write what was read beside the pictures, where they are kept."""
    if o.keep:
        (folder / "read.jsonl").write_text("".join(json.dumps(a) + "\n" for a in answers.values()), "utf-8")


def judge_special(o, folder, truths, special):
    """Read a set of forgeries or of altered pictures and print its tables."""
    answers, _, _ = read(o, [folder / truth["file"] for truth in truths])
    keep(o, folder, answers)
    which = "--forgeries" if o.forgeries else "--pictures"
    name = f"`{o.set}`" if o.set else f"`./dev accuracy {which} --count {o.count} --seed {o.seed}`"
    write(o, [f"Set: {name}: {len(truths)} pictures", "", *special.tables(truths, answers)])


def judge(o, folder, truths):
    """Read a set and print the board."""
    counts = board.Board()
    answers, seconds, _ = read(o, [folder / truth["file"] for truth in truths])
    keep(o, folder, answers)
    for truth in truths:
        counts.add(truth, answers[truth["file"]])
    lines = [
        f"Set: `{o.set}`"
        if o.set
        else f"`./dev accuracy --count {o.count} --seed {o.seed} --styles {o.styles}`",
        "",
    ]
    lines[0] += f": {len(truths)} pictures"
    lines += board.summary(counts)
    ours, cost = seconds / len(truths), None
    pictures = [truth for truth in truths if not truth["file"].endswith(".pdf")]
    if not o.no_legacy and pictures:
        boards, cost = run_legacy(pictures, folder)
        lines += board.table(
            ["CPU seconds a document", "this reader", "legacy service", "ratio", "bar"],
            [["", f"{ours:.3f}", f"{cost:.3f}", f"{ours / cost:.2f}", "at most 0.6"]],
        )
    else:
        lines += [f"CPU seconds a document: {ours:.3f}", ""]
    for kind in board.CRITICAL:
        if any(truth["kind"] == kind for truth in truths):
            lines += board.fields_table(counts, kind)
    lines += board.decisions_table(counts)
    lines += board.calibration_table(counts)
    lines += board.reasons_table(counts)
    lines += board.traits_table(counts)
    if cost is not None:
        lines += ["The legacy service on the same files:", "", *board.legacy_table(boards)]
    write(o, [*lines, *lists(o, counts)])


def lists(o, counts):
    """The documents that are to be looked at."""
    for title, items in (
        ("Wrongly approved", counts.false_approvals),
        ("Read from what is no card", counts.read_from_nothing),
        ("Critical, sure and wrong", counts.sure_and_wrong),
    ):
        if items:
            yield f"{title}: {', '.join(items)}"
            yield ""
    if o.wrong:
        for file, level, name, got, is_, confidence in counts.wrong:
            yield f"- {file} {level} {name}: read `{got}` is `{is_}` ({confidence})"


def write(o, lines):
    """Print the Markdown, or write it to the file that was asked for."""
    text = "\n".join(lines).rstrip() + "\n"
    if o.out:
        o.out.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
