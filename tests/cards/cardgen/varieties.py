"""Values as they occur on real cards but not on most: names, RT/RW, blood groups, foreign residents' cards.

Changes what is printed about an invented person. Draws nothing and knows no place on the card.
"""

import datetime
import random

from . import people

KINDS = ("apostrophe", "title", "long-name", "rt-rw", "blood", "expired", "foreigner")
# How often each kind is on a card of a mixed set; foreigners come by the caller's own share.
SHARES = {
    "apostrophe": 0.02,
    "title": 0.03,
    "long-name": 0.03,
    "rt-rw": 0.03,
    "blood": 0.02,
    "expired": 0.02,
}

APOSTROPHES = ("NUR'AINI", "SYA'BANI", "MA'RUF", "A'YUN", "JUM'ATI", "RO'FAH", "MU'MIN", "SA'DIYAH", "D'ORNAY")
TITLES_BEFORE = ("DR.", "H.", "HJ.", "IR.", "DRS.", "DRA.", "PROF. DR.", "DR. H.", "K.H.", "R.A.", "TGK.")
TITLES_BEHIND = ("S.PD", "S.PD.", "S.H.", "SE", "S.E., M.M.", "ST", "S.KOM", "A.MD.", "S.AG., M.PD.I", "M.SI", "SKM")
RT_RW = ("005/-", "-/005", "-/-", "000/000", "-")
BLOOD = ("TDK TAHU", "TDK TAHU", "TIDAK TAHU")

# What a foreign resident's card says in English.
ENGLISH = {
    "LAKI-LAKI": "MALE",
    "PEREMPUAN": "FEMALE",
    "KRISTEN": "CHRISTIAN",
    "KATOLIK": "CATHOLIC",
    "KATHOLIK": "CATHOLIC",
    "BUDHA": "BUDDHIST",
    "BUDDHA": "BUDDHIST",
    "KONGHUCU": "CONFUCIAN",
    "KHONGHUCU": "CONFUCIAN",
    "BELUM KAWIN": "SINGLE",
    "KAWIN": "MARRIED",
    "CERAI HIDUP": "DIVORCED",
    "CERAI MATI": "WIDOWED",
}
ABROAD = (
    ("NETHERLANDS", ("ROTTERDAM", "UTRECHT", "DELFT"), ("JOHANNES VAN DER BERG", "ANNEKE DE VRIES", "PIETER JANSEN")),
    ("AUSTRALIA", ("PERTH", "DARWIN", "BRISBANE"), ("LIAM O'CONNOR", "GRACE WALKER", "HARRY JAMES COLLINS")),
    ("JAPAN", ("OSAKA", "NAGOYA", "SAPPORO"), ("KENJI TANAKA", "YUKO ISHIKAWA", "HIROSHI MORI")),
    ("CHINA", ("XIAMEN", "FUZHOU", "GUANGZHOU"), ("CHEN WEI", "LI XIULAN", "ZHANG MIN")),
    ("GERMANY", ("HAMBURG", "LEIPZIG", "BREMEN"), ("KLAUS-PETER VOGT", "HEIKE BRANDT", "JONAS WEBER")),
    ("UNITED KINGDOM", ("LEEDS", "BRISTOL", "CARDIFF"), ("OLIVER SMITH-JONES", "EMILY CLARKE", "DYLAN PRICE")),
    ("INDIA", ("CHENNAI", "MUMBAI", "KOCHI"), ("RAJESH KUMAR SHARMA", "PRIYA NAIR", "ANIL DESAI")),
    ("SOUTH KOREA", ("BUSAN", "DAEGU", "INCHEON"), ("KIM MIN-JUN", "PARK SEO-YEON", "LEE DONG-HYUN")),
    ("MALAYSIA", ("KUCHING", "MELAKA", "IPOH"), ("TAN KAH SENG", "NURUL AIN BINTI YUSOF", "RAVI A/L MENON")),
    ("UNITED STATES OF AMERICA", ("DENVER", "SEATTLE", "AUSTIN"), ("ROBERT M. HAYES", "LINDA TORRES", "ERIC NGUYEN")),
)
WORK_ABROAD = ("EMPLOYEE", "PRIVATE EMPLOYEE", "TEACHER", "ENTREPRENEUR", "HOUSEWIFE", "CONSULTANT", "RETIRED", "ENGINEER")

# The orange or pink card of a foreign resident, in place of the blue one: ground, lines, ground of the portrait.
ORANGE = (
    ((248, 206, 152), (206, 150, 92), (232, 132, 36)),
    ((244, 192, 140), (200, 138, 84), (222, 110, 40)),
    ((246, 204, 196), (206, 146, 140), (214, 92, 84)),
)


def vary(someone, only=None):
    """Gives a person rare values: by chance, or the kind `only`. The same person always gets the same."""
    rng = random.Random(f"varieties/{someone.fields['nik']}/{someone.fields['name']}")
    if someone.traits.get("foreign") or only == "foreigner":
        if only == "foreigner" or rng.random() < 0.6:
            _foreigner(rng, someone)
        return
    for kind, share in SHARES.items():
        drawn = rng.random() < share
        if kind == only or (only is None and drawn):
            CHANGES[kind](rng, someone)
            someone.traits[kind] = True


def scheme(someone):
    """The colours of the card, where they are not the usual ones: entries of a print run."""
    if not someone.traits.get("english"):
        return {}
    ground, guilloche, portrait = random.Random(someone.fields["nik"]).choice(ORANGE)
    return {"ground": ground, "guilloche": guilloche, "photo_ground": portrait}


def _apostrophe(rng, someone):
    parts = someone.fields["name"].split(" ")
    parts.insert(rng.randint(1, min(3, len(parts))), rng.choice(APOSTROPHES))
    someone.fields["name"] = " ".join(parts[:4])


def _title(rng, someone):
    name = someone.fields["name"].split(",")[0]
    before = f"{rng.choice(TITLES_BEFORE)} " if rng.random() < 0.6 else ""
    behind = f", {rng.choice(TITLES_BEHIND)}" if not before or rng.random() < 0.5 else ""
    someone.fields["name"] = f"{before}{name}{behind}"


def _long_name(rng, someone):
    """40 to 60 letters, which take two lines."""
    words = people.words()["last"]
    name = someone.fields["name"].split(",")[0]
    while len(name) < 40:
        more = f"{name} {rng.choice(words)}"
        name = more if len(more) <= 60 else f"{name} SARI"
    someone.fields["name"] = name


def _rt_rw(rng, someone):
    someone.fields["rtRw"] = rng.choice(RT_RW)


def _blood(rng, someone):
    someone.fields["bloodType"] = rng.choice(BLOOD)


def _expired(rng, someone):
    """A citizen's card of the years before the rule of lifelong validity, its printed date long past."""
    issued = datetime.date(rng.randint(2011, 2013), someone.birth.month, min(someone.birth.day, 28))
    adult = issued.year - someone.birth.year >= 17
    if adult:
        someone.issued = issued
        someone.fields["validUntil"] = issued.replace(year=issued.year + 5).isoformat()


def _foreigner(rng, someone):
    """English values, a country, a date of expiry, an orange card. The number stays that of the person."""
    fields = someone.fields
    country, towns, names = rng.choice(ABROAD)
    for field in ("gender", "religion", "maritalStatus"):
        fields[field] = ENGLISH.get(fields[field], fields[field])
    fields["citizenship"] = country
    fields["birthPlace"] = rng.choice(towns)
    fields["name"] = rng.choice(names)
    fields["occupation"] = rng.choice(WORK_ABROAD)
    fields["validUntil"] = (someone.issued + datetime.timedelta(days=rng.randint(400, 1826))).isoformat()
    someone.traits |= {"foreign": True, "english": True}


CHANGES = {
    "apostrophe": _apostrophe,
    "title": _title,
    "long-name": _long_name,
    "rt-rw": _rt_rw,
    "blood": _blood,
    "expired": _expired,
}
