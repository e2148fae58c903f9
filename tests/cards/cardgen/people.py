"""Invented people and the numbers they carry: vocabularies, NIK and NPWP arithmetic. Draws nothing."""

import datetime
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
AREAS = HERE.parents[2] / "shared/domain/data/areas.tsv"
VILLAGES = HERE.parent / "data/villages.tsv"
WORDS = HERE.parent / "data/words.txt"


@lru_cache(maxsize=1)
def words():
    """The word lists by section."""
    sections, current = {}, []
    for line in WORDS.read_text("utf-8").splitlines()[1:]:
        if line.startswith("## "):
            current = sections.setdefault(line[3:], [])
        else:
            current += line.split("|")
    return sections


COMMON_WORK = [
    "KARYAWAN SWASTA",
    "WIRASWASTA",
    "MENGURUS RUMAH TANGGA",
    "PELAJAR/MAHASISWA",
    "PETANI/PEKEBUN",
    "BURUH HARIAN LEPAS",
    "PEGAWAI NEGERI SIPIL",
    "BELUM/TIDAK BEKERJA",
    "GURU",
]
RELIGIONS = (
    ["ISLAM"] * 14
    + ["KRISTEN"] * 4
    + ["KATOLIK", "KATHOLIK", "HINDU", "HINDU", "BUDHA", "BUDDHA", "KONGHUCU", "KHONGHUCU"]
)
MARITAL = ["BELUM KAWIN"] * 5 + ["KAWIN"] * 9 + ["CERAI HIDUP", "CERAI MATI"]
BLOOD = ["-"] * 9 + ["A", "B", "AB", "O"] * 2 + ["O", "O+", "A+", "B-", "AB+"]


@dataclass
class Person:
    """What is printed about somebody, under the product's field names, and what else the generator knows."""

    fields: dict
    birth: datetime.date
    gender: str
    issued: datetime.date
    city: str
    contradiction: str = ""
    traits: dict = field(default_factory=dict)


@lru_cache(maxsize=1)
def areas():
    """code -> name, and the districts with the village known for them."""
    table = dict(line.split("\t") for line in AREAS.read_text("utf-8").splitlines())
    villages = dict(line.split("\t") for line in VILLAGES.read_text("utf-8").splitlines())
    return table, sorted(c for c in table if len(c) == 6), sorted(villages.items())


def place(rng):
    """(district code, village): mostly a true pair, sometimes any district with a village of elsewhere."""
    _, districts, villages = areas()
    code, village = rng.choice(villages)
    return (rng.choice(districts) if rng.random() < 0.25 else code), village


def short(regency):
    """A regency's bare name, as birth places are printed."""
    return regency.removeprefix("KABUPATEN ").removeprefix("KOTA ")


def name(rng, gender):
    """An invented name of one to four words."""
    first = words()["male" if gender == "L" else "female"]
    given, last = rng.choice([[1, 0], [1, 1], [1, 1], [1, 1], [2, 1], [2, 1], [1, 2], [2, 2]])
    parts = rng.sample(first, given) + rng.sample(words()["last"], last)
    if rng.random() < 0.05:
        parts.insert(1, rng.choice("ABDFHJRST") + ".")
    text = " ".join(dict.fromkeys(parts))
    if len(text.rstrip(".")) < 4 or text.endswith(("M.", "H.", "HJ.", "MOH.")):
        text += " " + rng.choice(words()["last"])
    if rng.random() < 0.03:
        text += rng.choice([", S.PD", ", SE", ", S.H", ", ST", ", A.MD"])
    return text


def address(rng):
    """A street line."""
    kind = rng.random()
    if kind < 0.6:
        street = f"{rng.choice(['JL.', 'JL', 'JLN.', 'JALAN', 'JL.'])} {rng.choice(words()['streets'])}"
        if rng.random() < 0.75:
            number = f"{rng.randint(1, 240)}{rng.choice(['', '', '', 'A', 'B'])}"
            street += f" {rng.choice(['NO.', 'NO. ', 'NO ', 'NO.'])}{number}"
        if rng.random() < 0.12:
            street += f" GG. {rng.choice(['MANGGA', 'HAJI ALI', 'BUNTU', 'III'])}"
        return street
    if kind < 0.78:
        estate = f"{rng.choice(['KOMP.', 'PERUM', 'PERUMAHAN', 'KOMPLEK'])} {rng.choice(words()['estates'])}"
        block = f"{rng.choice('ABCDEFGK')}{rng.choice(['', rng.randint(1, 20)])}"
        return f"{estate} BLOK {block}{rng.choice(['/', ' NO. '])}{rng.randint(1, 40)}"
    kind = rng.choice(["DUSUN", "DSN.", "KP.", "KAMPUNG", "LINGKUNGAN", "BANJAR"])
    return f"{kind} {rng.choice(words()['hamlets'])}"


def nik(area, birth, gender, rng):
    """A NIK of that area, date and sex."""
    day = birth.day + (40 if gender == "P" else 0)
    serial = rng.randint(1, 40) if rng.random() < 0.9 else rng.randint(41, 9999)
    return f"{area}{day:02}{birth.month:02}{birth.year % 100:02}{serial:04}"


def other_birth(birth, rng):
    """A date that no reading of the first one's six digits gives."""
    while True:
        moved = birth + datetime.timedelta(days=rng.choice([-1, 1]) * rng.randint(1, 4000))
        if (moved.day, moved.month, moved.year % 100) != (birth.day, birth.month, birth.year % 100):
            return moved


def person(rng, contradiction="", foreign=False, plain=False):
    """Somebody for a KTP. `plain` keeps to what every KTP has: a true area, no rare values."""
    table, districts, _ = areas()
    gender = rng.choice("LP")
    birth = datetime.date(1945, 1, 1) + datetime.timedelta(days=rng.randrange(365 * 62))
    code, village = place(rng)
    regency = table[code[:4]]
    nik_area, moved = code, rng.random()
    if not plain and moved < 0.08:
        nik_area = rng.choice([d for d in districts if d[:4] == code[:4]])
    elif not plain and moved < 0.16:
        nik_area = rng.choice(districts)
    number_birth, number_gender = birth, gender
    if contradiction == "birthDate":
        number_birth = other_birth(birth, rng)
    elif contradiction == "gender":
        number_gender = "L" if gender == "P" else "P"
    adult = birth.replace(year=birth.year + 17, day=min(birth.day, 28))
    start = max(adult, datetime.date(2011, 2, 1)).toordinal()
    issued = datetime.date.fromordinal(
        rng.randint(start, max(start + 30, datetime.date(2025, 10, 1).toordinal()))
    )
    young = (issued - birth).days < 365 * 19
    birthplace = short(regency) if rng.random() < 0.7 else short(table[rng.choice(districts)[:4]])
    province = table[code[:2]]
    if code[:2] == "31" and rng.random() < 0.8:
        province = "DKI JAKARTA"
    until = "SEUMUR HIDUP"
    if foreign or (issued.year < 2015 and rng.random() < 0.4):
        until = birth.replace(year=issued.year + 5, day=min(birth.day, 28)).isoformat()
        if birth.day > 28 and until != birth.replace(year=issued.year + 5, day=28).isoformat():
            until = "SEUMUR HIDUP"
    religion = "-" if not plain and rng.random() < 0.015 else rng.choice(RELIGIONS)
    fields = {
        "nik": nik(nik_area, number_birth, number_gender, rng),
        "name": name(rng, gender),
        "birthPlace": birthplace,
        "birthDate": birth.isoformat(),
        "gender": "LAKI-LAKI" if gender == "L" else "PEREMPUAN",
        "bloodType": rng.choice(BLOOD),
        "address": address(rng),
        "rtRw": f"{rng.randint(1, 20):03}/{rng.randint(1, 16):03}",
        "village": village,
        "district": table[code],
        "religion": religion,
        "maritalStatus": "BELUM KAWIN" if young else rng.choice(MARITAL),
        "occupation": rng.choice(COMMON_WORK if rng.random() < 0.5 else words()["occupations"]),
        "citizenship": "WNA" if foreign else "WNI",
        "validUntil": until,
        "province": province,
        "regency": regency,
    }
    traits = {"area": "same" if nik_area == code else "other", "foreign": foreign}
    return Person(fields, birth, gender, issued, rng.choice([regency, short(regency)]), contradiction, traits)


def check_digit(first8):
    """The ninth digit of a taxpayer number."""
    total = 0
    for at, digit in enumerate(first8):
        product = int(digit) * (1 + at % 2)
        total += product // 10 + product % 10
    return str((10 - total % 10) % 10)


def npwp15(rng):
    """A 15-digit number with a valid check digit."""
    first = f"{rng.randint(1, 98):02}{rng.randrange(10**6):06}"
    branch = 0 if rng.random() < 0.85 else rng.randint(1, 12)
    return f"{first}{check_digit(first)}{rng.randint(1, 970):03}{branch:03}"
