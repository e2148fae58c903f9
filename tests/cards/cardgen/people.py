"""Invented people and the numbers they carry. Owns names, vocabularies, NIK and NPWP arithmetic; draws nothing."""

import datetime
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
AREAS = HERE.parents[2] / "shared/domain/data/areas.tsv"
VILLAGES = HERE.parent / "data/villages.tsv"

MALE = """AGUS AHMAD ADI ANDI ANTON ARIF ASEP BAMBANG BAYU BUDI CAHYO CHRISTIAN DANI DEDI DENI DIMAS DJOKO EDI EKO ENDANG
FAJAR FERRY FIRMAN GALIH GEDE GUNAWAN HADI HARYONO HENDRA HERMAN HERU I\u00a0GUSTI I\u00a0KETUT I\u00a0MADE I\u00a0WAYAN IMAM INDRA IRFAN
IWAN JAJANG JOKO JONI KRISTIANTO LUKMAN MARTHEN MOCHAMAD MUHAMMAD MUKHLIS NANANG NUR OKTAVIANUS PAULUS PETRUS PUTU
RACHMAT RAHMAD RENDI RIZKI ROBERT RUDI SAIFUL SAMUEL SIGIT SLAMET SUGENG SUHARTO SULAIMAN SUPARMAN SURYA SYAHRUL TAUFIK
TEGUH TONO TRI UJANG UMAR USMAN VICTOR WAHYU WAWAN WIDODO YAKOBUS YANTO YOHANES YUDI YUSUF ZAENAL ZULKIFLI M. MOH. H.
FRANSISKUS BENYAMIN DAUD ELIAS KORNELIUS MARKUS OBED SEMUEL THEODORUS NYOMAN ABDUL\u00a0AZIS ABDUR\u00a0RAHMAN""".split(" ")
FEMALE = """ANI ANISA ASTUTI AYU CHRISTINA CITRA DEWI DIAN DINA DWI ELISABET ELLY ENDAH ERNA EVA FATIMAH FITRI HALIMAH
HARTATI HESTI INDAH IDA IKA IIS KARTINI KHADIJAH LASTRI LESTARI LILIS LINA MAGDALENA MARIA MARLINA MARTINA MEGA MELATI MIRA
NI\u00a0KADEK NI\u00a0LUH NI\u00a0MADE NING NINGSIH NOVITA NUR NURHAYATI NURUL OKTAVIA PUJI PUTRI RAHAYU RATNA RATIH RETNO RIKA RINA
RINI RISMA ROSMAWATI RUKMINI SARI SITI SITI\u00a0AISYAH SRI SULASTRI SUMIATI SUSANTI SUTINAH TITIN TRI TRI\u00a0WULAN TUTI UMI VERA WAHYUNI
WATI WIDYA WINARTI WULANDARI YANI YENI YOHANA YULIA YUNI ZAHRA ZUBAIDAH HJ. THERESIA VERONIKA AGUSTINA BERNADETA SARCE""".split(" ")
LAST = """ADINATA ALFARIZI AMIN ANGGRAINI ARIFIN ARITONANG ASMARA AZHARI BASRI BATUBARA CAHYADI DARMAWAN DAMANIK EFENDI
FAUZI FIRDAUS GINTING GULTOM GUNAWAN HAKIM HALIM HANDAYANI HANDOKO HARAHAP HARDIANTO HARTONO HASANAH HASIBUAN HIDAYAT
HUTAGALUNG HUTAPEA INDRAWATI ISKANDAR ISMAIL JATMIKO JUNAEDI KADIR KARTIKA KURNIAWAN KUSUMA LAKSONO LATUPONO LUBIS
MA'RUF MAHENDRA MAMAHIT MANALU MANURUNG MARPAUNG MAULANA MULYADI MULYANI NAINGGOLAN NASUTION NOVIANTI NUGRAHA NUGROHO
PAKPAHAN PANE PANJAITAN PERMATA PRABOWO PRASETYO PRATAMA PRATIWI PURBA PURNAMA PURWANTO PUSPITA RAHMAN RAHMAWATI RAMADHAN
RITONGA RUMBIAK SAFITRI SANJAYA SANTOSO SAPUTRA SARAGIH SARI SETIAWAN SIAHAAN SIANTURI SIHOMBING SILABAN SIMANJUNTAK
SIMBOLON SIREGAR SITOMPUL SITORUS SUBAGYO SUDARSONO SUHENDRA SUKMAWATI SULISTYO SUMARNI SUPRIADI SUPRIYADI SURYANI SUSANTO
SUSILO SUTRISNO SYAHPUTRA TAMBUNAN TANJUNG TARIGAN TUMANGGOR UTAMI WANGGAI WARDANA WIBOWO WIDJAJA WIJAYA WINATA YULIANTO YUSUF
ZEBUA KOGOYA WENDA TABUNI MOFU PATTIASINA LAWALATA TUPAMAHU MONGISIDI LUMENTUT DG.\u00a0NGAWI BIN\u00a0HASAN TAN LIEM NG OEY""".split(" ")
MALE, FEMALE, LAST = ([w.replace("\u00a0", " ") for n in group for w in n.split("\n")] for group in (MALE, FEMALE, LAST))

STREETS = """MERDEKA|SUDIRMAN|IMAM BONJOL|DIPONEGORO|AHMAD YANI|GATOT SUBROTO|HASANUDDIN|PATTIMURA|KARTINI|VETERAN|MASJID|
PASAR LAMA|MAWAR|MELATI|KENANGA|ANGGREK|CEMPAKA|FLAMBOYAN|RAYA BOGOR|RAYA TIMUR|WONOKROMO|KALIURANG|PAHLAWAN|TEUKU UMAR|
CUT NYAK DIEN|S. PARMAN|M.T. HARYONO|JEND. A. YANI|DR. SUTOMO|PROF. HAMKA|K.H. WAHID HASYIM|LETJEN SUPRAPTO|SULTAN AGUNG|
TRANS SULAWESI|POROS MAKASSAR|PELABUHAN|SAWO II|DURIAN RAYA|GARUDA|RAJAWALI|CENDRAWASIH|BERINGIN|PERINTIS|KEMERDEKAAN KM 7""".replace("\n", "").split("|")
ESTATES = ["GRAHA PERMAI", "TAMAN SARI", "GRIYA ASRI", "BUMI INDAH", "PURI KENCANA", "VILLA MUTIARA", "PONDOK HIJAU", "CITRA RAYA"]
HAMLETS = ["KRAJAN", "MULYOSARI", "SUKAMAJU", "II", "III", "KALIBENING", "CIBUNTU", "BARAT", "SUMBER REJO", "TENGAH", "GUNUNG PUTRI"]

OCCUPATIONS = """BELUM/TIDAK BEKERJA|MENGURUS RUMAH TANGGA|PELAJAR/MAHASISWA|PENSIUNAN|PEGAWAI NEGERI SIPIL|
TENTARA NASIONAL INDONESIA|KEPOLISIAN RI|PERDAGANGAN|PETANI/PEKEBUN|PETERNAK|NELAYAN/PERIKANAN|INDUSTRI|KONSTRUKSI|
TRANSPORTASI|KARYAWAN SWASTA|KARYAWAN BUMN|KARYAWAN BUMD|KARYAWAN HONORER|BURUH HARIAN LEPAS|BURUH TANI/PERKEBUNAN|
BURUH NELAYAN/PERIKANAN|BURUH PETERNAKAN|PEMBANTU RUMAH TANGGA|TUKANG CUKUR|TUKANG LISTRIK|TUKANG BATU|TUKANG KAYU|
TUKANG SOL SEPATU|TUKANG LAS/PANDAI BESI|TUKANG JAHIT|TUKANG GIGI|PENATA RIAS|PENATA BUSANA|PENATA RAMBUT|MEKANIK|SENIMAN|
TABIB|PARAJI|PERANCANG BUSANA|PENTERJEMAH|IMAM MESJID|PENDETA|PASTOR|WARTAWAN|USTADZ/MUBALIGH|JURU MASAK|PROMOTOR ACARA|DOSEN|GURU|
PILOT|PENGACARA|NOTARIS|ARSITEK|AKUNTAN|KONSULTAN|DOKTER|BIDAN|PERAWAT|APOTEKER|PSIKIATER/PSIKOLOG|PENYIAR TELEVISI|
PENYIAR RADIO|PELAUT|PENELITI|SOPIR|PIALANG|PARANORMAL|PEDAGANG|PERANGKAT DESA|KEPALA DESA|BIARAWATI|WIRASWASTA""".replace("\n", "").split("|")
COMMON_WORK = ["KARYAWAN SWASTA", "WIRASWASTA", "MENGURUS RUMAH TANGGA", "PELAJAR/MAHASISWA", "PETANI/PEKEBUN", "BURUH HARIAN LEPAS",
               "PEGAWAI NEGERI SIPIL", "BELUM/TIDAK BEKERJA", "GURU"]
RELIGIONS = ["ISLAM"] * 14 + ["KRISTEN"] * 4 + ["KATOLIK", "KATHOLIK", "HINDU", "HINDU", "BUDHA", "BUDDHA", "KONGHUCU", "KHONGHUCU"]
MARITAL = ["BELUM KAWIN"] * 5 + ["KAWIN"] * 9 + ["CERAI HIDUP", "CERAI MATI"]
BLOOD = ["-"] * 9 + ["A", "B", "AB", "O"] * 2 + ["O", "O+", "A+", "B-", "AB+"]


@dataclass
class Person:
    """What is printed about somebody, field names as the product returns them, and what the generator knows besides."""

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
    first, words = (MALE if gender == "L" else FEMALE), [[1, 0], [1, 1], [1, 1], [1, 1], [2, 1], [2, 1], [1, 2], [2, 2]]
    given, last = rng.choice(words)
    parts = rng.sample(first, given) + rng.sample(LAST, last)
    if rng.random() < 0.05:
        parts.insert(1, rng.choice("ABDFHJRST") + ".")
    text = " ".join(dict.fromkeys(parts))
    if len(text.rstrip(".")) < 4 or text.endswith(("M.", "H.", "HJ.", "MOH.")):
        text += " " + rng.choice(LAST)
    if rng.random() < 0.03:
        text += rng.choice([", S.PD", ", SE", ", S.H", ", ST", ", A.MD"])
    return text


def address(rng):
    """A street line."""
    kind = rng.random()
    if kind < 0.6:
        street = f"{rng.choice(['JL.', 'JL', 'JLN.', 'JALAN', 'JL.'])} {rng.choice(STREETS)}"
        if rng.random() < 0.75:
            street += f" {rng.choice(['NO.', 'NO. ', 'NO ', 'NO.'])}{rng.randint(1, 240)}{rng.choice(['', '', '', 'A', 'B'])}"
        if rng.random() < 0.12:
            street += f" GG. {rng.choice(['MANGGA', 'HAJI ALI', 'BUNTU', 'III'])}"
        return street
    if kind < 0.78:
        return (f"{rng.choice(['KOMP.', 'PERUM', 'PERUMAHAN', 'KOMPLEK'])} {rng.choice(ESTATES)} BLOK "
                f"{rng.choice('ABCDEFGK')}{rng.choice(['', rng.randint(1, 20)])}{rng.choice(['/', ' NO. '])}{rng.randint(1, 40)}")
    return f"{rng.choice(['DUSUN', 'DSN.', 'KP.', 'KAMPUNG', 'LINGKUNGAN', 'BANJAR'])} {rng.choice(HAMLETS)}"


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
    issued = datetime.date.fromordinal(rng.randint(start, max(start + 30, datetime.date(2025, 10, 1).toordinal())))
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
        "occupation": rng.choice(COMMON_WORK if rng.random() < 0.5 else OCCUPATIONS),
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
