#!/usr/bin/env python3
"""Build areas.tsv: every province, regency and district code in use in some year from 2016 to 2025.

Also villages.tsv, the villages of each district, and tests/cards/data/villages.tsv, one village for every third
district, for cards that name real places.

    python shared/domain/data/build.py            # fetch the pinned npm packages, write all
    python shared/domain/data/build.py --check    # fail if one is not what the packages give
    python shared/domain/data/build.py --packages DIR   # take the tarballs from DIR instead of fetching

Needs Python 3.9 and npm (only `npm pack`, nothing is installed or run). Sources and licences: README.md.
"""

import argparse
import csv
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

# Oldest first: where two years name a code differently, the newer spelling stands.
SOURCES = [
    ("nik-parser", "1.0.1", "d4665a887cd40b46282899a66fcd92851aca02fe8ada39ca093f48155f12169a"),
    ("wilayah-indonesia", "1.0.2", "defbaa70a16c656c1072ca6573af399f9070cc6bb8091903ed47ac412848e9db"),
    ("idn-area-data", "2.2.1", "43f44025c306ec039c9535da9212d66383c60a9fc34663c4f67615c6960b33fd"),
    ("idn-area-data", "3.1.2", "e9724a3638162ee2ae7f9f75c88e332c848dd7ec2bd2090e2cd54772125bfbbd"),
    ("idn-area-data", "4.0.1", "8d47ffb2be39c08aacb0a2dd43193a1edb5754edb1022d57158341c702acc32d"),
]
HERE = Path(__file__).resolve().parent
SOME_VILLAGES = HERE.parents[2] / "tests/cards/data/villages.tsv"


def tarball(name, version, sha256, folder):
    """Path of the package's tarball in `folder`, fetched if it is not there, refused if its hash differs."""
    path = folder / f"{name}-{version}.tgz"
    if not path.exists():
        subprocess.run(
            ["npm", "pack", "--silent", f"{name}@{version}"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        sys.exit(f"{path.name}: sha256 is {found}, expected {sha256}")
    return tarfile.open(path)


def member(tar, path):
    """Text of one file of a package."""
    return tar.extractfile(f"package/{path}").read().decode("utf-8")


def idn_area_data(tar):
    """Codes of `idn-area-data`: CSV, codes with or without dots, the name last."""
    for level in ("provinces", "regencies", "districts"):
        rows = csv.reader(io.StringIO(member(tar, f"data/{level}.csv")))
        next(rows)
        for row in rows:
            yield row[0].replace(".", ""), row[-1]


def nik_parser(tar):
    """Codes of `nik-parser` (about 2016): JSON by level; districts are `NAME -- postcode`."""
    data = json.loads(member(tar, "dist/wilayah.json"))
    for level in ("provinsi", "kabkot", "kecamatan"):
        for code, name in data[level].items():
            yield code, name.split(" -- ")[0]


def wilayah_indonesia(tar):
    """Codes of `wilayah-indonesia` (2020): JSON rows with the parts of the code as numbers."""
    for row in json.loads(member(tar, "data/kecamatan.json")):
        parts = row["kode"]
        province, regency = parts["id_provinsi"], parts["id_kota"]
        yield f"{province:02}", row["provinsi"]
        yield f"{province:02}{regency:02}", row["kota"]
        yield f"{province:02}{regency:02}{parts['id_kecamatan']:02}", row["kecamatan"]


READERS = {"idn-area-data": idn_area_data, "nik-parser": nik_parser, "wilayah-indonesia": wilayah_indonesia}


def tidy(code, name):
    """The name as cards print it: capitals, single spaces, KABUPATEN or KOTA written out."""
    name = re.sub(r"\s+", " ", name.upper().replace("\u2019", "'").replace("`", "'").replace('"', "'")).strip(
        " .-"
    )
    if len(code) == 4:
        name = re.sub(r"^KAB(UPATEN)?\b\.? ?(ADM(INISTRASI)?\b\.? ?)?", "KABUPATEN ", name)
        name = re.sub(r"^KOTA ADM(INISTRASI)?\b\.? ?", "KOTA ", name)
        if not name.startswith(("KABUPATEN ", "KOTA ")):
            # Seen in one source only, whose bare names are regencies.
            name = f"KABUPATEN {name}"
    return name


def build(folder):
    """The table as text."""
    table = {}
    for name, version, sha256 in SOURCES:
        before = len(table)
        with tarball(name, version, sha256, folder) as tar:
            for code, area in READERS[name](tar):
                area = tidy(code, area)
                if len(code) in (2, 4, 6) and code.isdigit() and area and area.isascii():
                    table[code] = area
        print(f"{name} {version}: {len(table) - before} codes more", file=sys.stderr)
    orphans = [c for c in table if len(c) > 2 and c[:-2] not in table]
    if orphans:
        print(f"dropped, nothing above them: {' '.join(sorted(orphans))}", file=sys.stderr)
    lines = [f"{code}\t{table[code]}\n" for code in sorted(table) if code not in orphans]
    counts = {n: sum(len(line.split("\t")[0]) == n for line in lines) for n in (2, 4, 6)}
    print(f"{counts[2]} provinces, {counts[4]} regencies, {counts[6]} districts", file=sys.stderr)
    return "".join(lines)


def villages_by_district(source, folder):
    """The villages of one edition of `idn-area-data`: district code to names in the order of their codes."""
    name, version, sha256 = source
    by_district = {}
    with tarball(name, version, sha256, folder) as tar:
        rows = csv.reader(io.StringIO(member(tar, "data/villages.csv")))
        next(rows)
        for row in rows:
            # Ten digits: the district's six and four of its own.
            code = row[0].replace(".", "")
            by_district.setdefault(code[:6], []).append(tidy(code, row[-1]))
    return by_district


def villages(folder):
    """Lines `district code<TAB>village;village;…`: what any edition knows, sorted."""
    table = {}
    for source in SOURCES:
        if source[0] == "idn-area-data":
            for code, names in villages_by_district(source, folder).items():
                table.setdefault(code, set()).update(n for n in names if n and n.isascii() and ";" not in n)
    print(f"{sum(map(len, table.values()))} villages in {len(table)} districts", file=sys.stderr)
    return "".join(f"{code}\t{';'.join(sorted(table[code]))}\n" for code in sorted(table) if table[code])


def some_villages(folder):
    """Lines `district code<TAB>village`, one for every third district of the newest source."""
    by_district = villages_by_district(SOURCES[-1], folder)
    lines = []
    for at, (code, names) in enumerate(sorted(by_district.items())):
        # Another place in each district's list, so that the names do not all begin with A.
        village = names[(at * 7) % len(names)]
        if at % 3 == 0 and re.fullmatch("[A-Z][A-Z '-]{2,24}", village):
            lines.append(f"{code}\t{village}\n")
    return "".join(lines)


def main():
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    parser.add_argument("--packages", type=Path, help="folder with the packages' tarballs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.packages or Path(temporary)
        texts = {
            HERE / "areas.tsv": build(folder),
            HERE / "villages.tsv": villages(folder),
            SOME_VILLAGES: some_villages(folder),
        }
    for target, text in texts.items():
        if not options.check:
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, "utf-8")
            print(f"{target.name}: {len(text)} bytes", file=sys.stderr)
        elif text != target.read_text("utf-8"):
            sys.exit(f"{target.name} is stale: run shared/domain/data/build.py")


if __name__ == "__main__":
    main()
