"""Where the typefaces are. Owns the list of Debian packages the generator needs; knows nothing of cards."""

from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

ROOT = Path("/usr/share/fonts")

# family -> (package, regular, bold); the faces of a set must all be there, or a seed would give other images.
SANS = {
    "liberation": (
        "fonts-liberation",
        "truetype/liberation/LiberationSans-Regular.ttf",
        "truetype/liberation/LiberationSans-Bold.ttf",
    ),
    "narrow": (
        "fonts-liberation",
        "truetype/liberation/LiberationSansNarrow-Regular.ttf",
        "truetype/liberation/LiberationSansNarrow-Bold.ttf",
    ),
    "arimo": ("fonts-croscore", "truetype/croscore/Arimo-Regular.ttf", "truetype/croscore/Arimo-Bold.ttf"),
    "nimbus": (
        "fonts-urw-base35",
        "opentype/urw-base35/NimbusSans-Regular.otf",
        "opentype/urw-base35/NimbusSans-Bold.otf",
    ),
    "freesans": (
        "fonts-freefont-ttf",
        "truetype/freefont/FreeSans.ttf",
        "truetype/freefont/FreeSansBold.ttf",
    ),
    "carlito": (
        "fonts-crosextra-carlito",
        "truetype/crosextra/Carlito-Regular.ttf",
        "truetype/crosextra/Carlito-Bold.ttf",
    ),
    "opensans": (
        "fonts-open-sans",
        "truetype/open-sans/OpenSans-Regular.ttf",
        "truetype/open-sans/OpenSans-Bold.ttf",
    ),
    "roboto": (
        "fonts-roboto-unhinted",
        "truetype/roboto/unhinted/RobotoTTF/Roboto-Regular.ttf",
        "truetype/roboto/unhinted/RobotoTTF/Roboto-Bold.ttf",
    ),
    "dejavu": ("fonts-dejavu-core", "truetype/dejavu/DejaVuSans.ttf", "truetype/dejavu/DejaVuSans-Bold.ttf"),
}
SPECIAL = {
    "ocr-a": ("fonts-ocr-a", "truetype/ocr-a/OCRA.ttf"),
    "ocr-b": ("fonts-ocr-b", "opentype/ocr-b/OCRB.otf"),
    "mono": ("fonts-liberation", "truetype/liberation/LiberationMono-Regular.ttf"),
    "mono-bold": ("fonts-liberation", "truetype/liberation/LiberationMono-Bold.ttf"),
    "dejavu-mono": ("fonts-dejavu-core", "truetype/dejavu/DejaVuSansMono.ttf"),
    "serif": ("fonts-liberation", "truetype/liberation/LiberationSerif-Regular.ttf"),
    "serif-bold": ("fonts-liberation", "truetype/liberation/LiberationSerif-Bold.ttf"),
}
CORE = ("liberation", "narrow", "dejavu")


class MissingFonts(Exception):
    """Some faces are not installed; the text names the packages."""


@lru_cache(maxsize=None)
def find(path):
    """Where a face is: at its path in Debian 12, or wherever another release keeps a file of this name."""
    usual = ROOT / path
    return usual if usual.is_file() else next(ROOT.rglob(usual.name), usual)


def check(families):
    """Raise MissingFonts unless every face of these families, and every special face, is there."""
    wanted = [SANS[f] for f in families] + list(SPECIAL.values())
    missing = sorted({entry[0] for entry in wanted if not all(find(p).is_file() for p in entry[1:])})
    if missing:
        raise MissingFonts(f"typefaces are missing: apt-get install {' '.join(missing)}")


def sans(family, size, bold=False):
    """A sans face at a size in pixels."""
    return load(SANS[family][2 if bold else 1], round(size, 1))


def special(name, size):
    """One of the other faces."""
    return load(SPECIAL[name][1], round(size, 1))


@lru_cache(maxsize=256)
def load(path, size):
    """A face, kept because opening one costs more than a line of text."""
    return ImageFont.truetype(str(find(path)), size, layout_engine=ImageFont.Layout.BASIC)
