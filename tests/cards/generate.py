#!/usr/bin/env python3
"""Generate pictures of invented Indonesian identity cards, and of other things, with their truth.

    python tests/cards/generate.py --out /tmp/cards --seed 7 --count 100
    python tests/cards/generate.py --out /tmp/demo --demo
    python tests/cards/generate.py --out /tmp/forger --adversary

The same arguments always write the same files. See tests/cards/README.md.
"""

import argparse
import json
import sys
from multiprocessing import Pool
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

try:
    from cardgen import adversary, demo, families, fonts, make, styles, varieties
    from independent import sample as independent
except ImportError as error:
    sys.exit(f"{error}: the generator needs Python packages: pip install pillow numpy")


def share(text):
    """A number from 0 to 1."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("must be from 0 to 1")
    return value


def options():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder to write to; made if it is not there"
    )
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="another seed, other people and pictures (default 1)"
    )
    parser.add_argument("--count", type=int, default=20, metavar="N", help="how many pictures (default 20)")
    parser.add_argument(
        "--kind",
        choices=[*make.KINDS, "mixed"],
        default="mixed",
        help="default mixed: 60 %% KTP, 30 %% NPWP, 10 %% negatives",
    )
    parser.add_argument(
        "--difficulty",
        choices=[*make.DIFFICULTIES, "mixed"],
        default="mixed",
        help="T0 scan, T1 good photo, T2 typical, T3 hard (default mixed)",
    )
    parser.add_argument(
        "--inconsistent",
        type=share,
        default=0.1,
        metavar="SHARE",
        help="share of KTP whose NIK contradicts the printed birth date or sex (default 0.1)",
    )
    parser.add_argument(
        "--pdf",
        nargs="?",
        type=share,
        const=1.0,
        default=0.03,
        metavar="SHARE",
        help="share wrapped in a one-page PDF; without a number all (default 0.03)",
    )
    parser.add_argument(
        "--foreign",
        type=share,
        default=0.02,
        metavar="SHARE",
        help="share of KTP of foreign residents (default 0.02)",
    )
    parser.add_argument(
        "--variety",
        choices=varieties.KINDS,
        help="every KTP has rare values of this kind (default: some, by chance)",
    )
    parser.add_argument(
        "--turn",
        type=int,
        choices=[0, 90, 180, 270],
        help="turn every picture by this much clockwise (default: some, by chance)",
    )
    parser.add_argument(
        "--fonts",
        choices=["core", "wide"],
        default="wide",
        help="core needs fewer font packages (default wide)",
    )
    parser.add_argument(
        "--styles",
        choices=["tuned", "held-out"],
        default="tuned",
        help="held-out: typefaces, grounds, tables and cameras that `tuned` never has, to judge with (default tuned)",
    )
    parser.add_argument(
        "--family",
        choices=list(families.ALL),
        help="cards of one family: "
        + "; ".join(f"{f.name} ({f.about})" for f in families.ALL.values()).replace("%", "%%"),
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help="processes (default 1); the files do not depend on it",
    )
    parser.add_argument(
        "--demo", action="store_true", help="write the demonstration files and their manifest.json instead"
    )
    parser.add_argument(
        "--adversary", action="store_true", help="write the cards of a forger and their manifest.json instead"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    return parser.parse_args()


def work(job):
    """One sample, in a worker process."""
    arguments, out = job
    name, data, truth = make.sample(**arguments)
    (out / name).write_bytes(data)
    return truth


def main():
    """Write the files and truth.jsonl."""
    o = options()
    try:
        if o.family and families.ALL[o.family].independent:
            independent.check()
        fonts.check(styles.named(o.styles, core=o.demo or o.adversary or o.fonts == "core").families)
    except fonts.MissingFonts as error:
        sys.exit(str(error))
    o.out.mkdir(parents=True, exist_ok=True)
    if o.demo or o.adversary:
        (demo if o.demo else adversary).write(o.out, None if o.quiet else sys.stderr)
        return
    jobs = [
        (
            {
                "seed": o.seed,
                "index": at,
                "kind": o.kind,
                "difficulty": o.difficulty,
                "inconsistent": o.inconsistent,
                "pdf": o.pdf,
                "faces": o.fonts,
                "foreign": o.foreign,
                "style": o.styles,
                "family": o.family,
                "variety": o.variety,
                "turns": None if o.turn is None else o.turn // 90,
            },
            o.out,
        )
        for at in range(o.count)
    ]
    with (o.out / "truth.jsonl").open("w", encoding="utf-8") as file:
        pool = Pool(o.jobs) if o.jobs > 1 else None
        for done, truth in enumerate(pool.imap(work, jobs) if pool else map(work, jobs), 1):
            file.write(json.dumps(truth, ensure_ascii=False) + "\n")
            if not o.quiet and (done % 10 == 0 or done == o.count):
                print(
                    f"\r{done}/{o.count} pictures",
                    end="" if done < o.count else "\n",
                    file=sys.stderr,
                    flush=True,
                )
        if pool:
            pool.close()


if __name__ == "__main__":
    main()
