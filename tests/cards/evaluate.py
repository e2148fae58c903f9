#!/usr/bin/env python3
"""Compares what the reader printed with the truth, per field and per difficulty.

    python tests/cards/generate.py --out /tmp/cards --seed 99 --count 100
    ./dev read /tmp/cards/*.jpg > /tmp/read.jsonl
    python tests/cards/evaluate.py /tmp/read.jsonl /tmp/cards/truth.jsonl [--wrong]

Exact match, spaces count. `--wrong` lists every field that differs. Exit status 1 if a card was approved automatically
with a wrong critical field, or anything was read from a picture that is no card.
"""
import argparse
import collections
import json
import sys
from pathlib import Path

CRITICAL = {"KTP": ["nik", "name", "birthDate"], "NPWP": ["npwpNumber", "name"]}


def share(pair):
    right, total = pair
    return f"{right}/{total}" if total else "-"


def table(title, rows, columns, cell):
    print(f"\n{title:<16}" + "".join(f"{column:>10}" for column in columns))
    for row in rows:
        print(f"{row:<16}" + "".join(f"{cell(row, column):>10}" for column in columns))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("read", type=Path)
    arguments.add_argument("truth", type=Path)
    arguments.add_argument("--wrong", action="store_true")
    arguments = arguments.parse_args()
    truths = {t["file"]: t for t in map(json.loads, arguments.truth.read_text().splitlines())}
    pair = lambda: [0, 0]  # noqa: E731
    fields, whole, critical = (collections.defaultdict(pair) for _ in range(3))
    calibration, decisions = collections.defaultdict(pair), collections.Counter()
    milliseconds, false_approvals, read_from_nothing, negatives = [], [], [], 0
    for line in arguments.read.read_text().splitlines():
        answer = json.loads(line)
        name = Path(answer["file"]).name
        truth = truths.get(name)
        if truth is None:
            sys.exit(f"{name} is not in {arguments.truth}")
        kind, difficulty = truth["kind"], truth["difficulty"]
        got = answer.get("fields", {})
        if "error" in answer:
            decisions[kind, difficulty, "error " + answer["error"]["code"]] += 1
        else:
            milliseconds.append(sum(answer["stage_ms"].values()))
            decisions[kind, difficulty, answer["decision"]] += 1
        if kind == "negative":
            negatives += 1
            if got or answer.get("kind", "unknown") != "unknown":
                read_from_nothing.append(name)
            continue
        right = {field: got.get(field) == value for field, value in truth["fields"].items()}
        for field, good in right.items():
            fields[kind, field, difficulty][0] += good
            fields[kind, field, difficulty][1] += 1
            if field in got:
                bucket = min(int(answer["confidence"][field] * 10), 9)
                group = "critical" if field in CRITICAL[kind] else "other"
                calibration[group, bucket][0] += good
                calibration[group, bucket][1] += 1
            if arguments.wrong and not good:
                print(f"{name} {difficulty} {field}: {got.get(field)!r} is {truth['fields'][field]!r}")
        sure = all(right[field] for field in CRITICAL[kind])
        for tally, good in ((critical, sure), (whole, all(right.values()))):
            tally[kind, difficulty][0] += good
            tally[kind, difficulty][1] += 1
        if answer.get("decision") == "auto_approve" and (not sure or truth["inconsistent"]):
            false_approvals.append(name)
    difficulties = sorted({d for _, d in critical})
    for kind in CRITICAL:
        names = sorted({f for k, f, _ in fields if k == kind})
        table(kind, names, difficulties, lambda f, d, k=kind: share(fields[k, f, d]))
        table("", ["critical", "all fields"], difficulties,
              lambda row, d, k=kind: share((critical if row == "critical" else whole)[k, d]))
    table("confidence", [f"{b / 10:.1f} and more" for b in range(10)], ["critical", "other"],
          lambda row, group: share(calibration[group, int(float(row[:3]) * 10)]))
    print("\ndecisions")
    for (kind, difficulty, decision), count in sorted(decisions.items()):
        print(f"  {kind:<9}{difficulty:<5}{decision:<16}{count}")
    print(f"\nnothing read from {negatives - len(read_from_nothing)} of {negatives} pictures of no card {read_from_nothing or ''}")
    print(f"wrong automatic approvals: {false_approvals or 'none'}")
    if milliseconds:
        milliseconds.sort()
        print(f"milliseconds per document: mean {sum(milliseconds) / len(milliseconds):.0f}, "
              f"median {milliseconds[len(milliseconds) // 2]:.0f}, most {milliseconds[-1]:.0f}")
    return 1 if false_approvals or read_from_nothing else 0


if __name__ == "__main__":
    sys.exit(main())
