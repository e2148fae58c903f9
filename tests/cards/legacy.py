"""The legacy service as a baseline: Tesseract on the raw picture, regular expressions on its text.

Its documents give only the outline: Tesseract with `ind+eng`, page segmentation 3, then a regular expression for each
label. The expressions here are ours, written in the same way. A class such as `[A-Z\\s]+` matches line ends, so a name
also captures the next label. `first_line` keeps only the first line of a capture: the best result that the legacy
service could have had.
"""

import os
import re
import subprocess

COMMAND = ("tesseract", "{file}", "stdout", "-l", "ind+eng", "--oem", "1", "--psm", "3")

SEP = r"\s*[:;.]?\s*"
TEXT = r"([A-Z0-9.,'/\-\s]+)"
KTP = {
    "nik": rf"NIK{SEP}([0-9]{{16}})",
    "name": rf"Nama{SEP}([A-Z.,'\s]+)",
    "birthPlace": rf"Tempat\s*/\s*Tgl\.?\s*Lahir{SEP}([A-Z.\s]+),",
    "birthDate": r"Lahir[^0-9]*(\d{2}[-/]\d{2}[-/]\d{4})",
    "gender": rf"Jenis\s*kelamin{SEP}(LAKI-LAKI|PEREMPUAN)",
    "bloodType": rf"Gol\.?\s*Darah{SEP}(AB|A|B|O|-)",
    "address": rf"Alamat{SEP}{TEXT}",
    "rtRw": rf"RT\s*/\s*RW{SEP}(\d{{3}}\s*/\s*\d{{3}})",
    "village": rf"Kel\s*/\s*Desa{SEP}{TEXT}",
    "district": rf"Kecamatan{SEP}{TEXT}",
    "religion": rf"Agama{SEP}([A-Z]+)",
    "maritalStatus": rf"Status\s*Perkawinan{SEP}(BELUM KAWIN|KAWIN|CERAI HIDUP|CERAI MATI)",
    "occupation": rf"Pekerjaan{SEP}([A-Z/.\s]+)",
    "citizenship": rf"Kewarganegaraan{SEP}(WNI|WNA)",
    "validUntil": rf"Berlaku\s*Hingga{SEP}(SEUMUR HIDUP|\d{{2}}-\d{{2}}-\d{{4}})",
    "province": r"(?-i:PROVINSI)\s+([A-Z\s]+)",
    "regency": r"(?-i:(?:KABUPATEN|KOTA)\s+[A-Z\s]+)",
}
NPWP = {
    "npwpNumber": rf"NPWP{SEP}([0-9][0-9.\- ]{{14,24}})",
    "name": rf"(?:Nama{SEP}|\d{{3}}\s*\n\s*)([A-Z.,'\s]+)",
    "nik": rf"NIK{SEP}([0-9]{{16}})",
    "address": rf"Alamat{SEP}{TEXT}",
}


def text_of(file):
    """(Tesseract's text of the picture, CPU seconds), on one thread."""
    process = subprocess.Popen(
        [part.format(file=file) for part in COMMAND],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )
    text = process.stdout.read().decode("utf-8", "replace")
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return text, usage.ru_utime + usage.ru_stime


def fields(text, kind, first_line):
    """The fields that the expressions find; `kind` is the document type that the user chose."""
    found = {}
    for field, pattern in (NPWP if kind == "NPWP" else KTP).items():
        match = re.search(pattern, text, re.IGNORECASE)
        if not match:
            continue
        value = match[match.lastindex or 0].strip()
        if first_line:
            value = value.split("\n")[0].strip()
        if field in ("birthDate", "validUntil") and re.fullmatch(r"\d{2}[-/]\d{2}[-/]\d{4}", value):
            value = f"{value[6:]}-{value[3:5]}-{value[:2]}"
        elif field == "npwpNumber":
            value = re.sub(r"\D", "", value)
        elif field == "rtRw":
            value = re.sub(r"\s", "", value)
        if value:
            found[field] = value
    return found
