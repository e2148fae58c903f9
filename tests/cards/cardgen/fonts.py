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
# Thin faces, by the family they stand for; their bold is that family's regular face.
LIGHT = {
    "opensans-light": (
        "fonts-open-sans",
        "truetype/open-sans/OpenSans-Light.ttf",
        "truetype/open-sans/OpenSans-Regular.ttf",
    ),
    "roboto-light": (
        "fonts-roboto-unhinted",
        "truetype/roboto/unhinted/RobotoTTF/Roboto-Light.ttf",
        "truetype/roboto/unhinted/RobotoTTF/Roboto-Regular.ttf",
    ),
}
HELD_OUT_LIGHT = {
    "inter-light": ("fonts-inter", "opentype/inter/Inter-Light.otf", "opentype/inter/Inter-Regular.otf"),
    "switzera-light": (
        "fonts-adf-switzera",
        "truetype/adf/SwitzeraADF-Light.otf",
        "truetype/adf/SwitzeraADF-Regular.otf",
    ),
    "clear-light": (
        "fonts-clear-sans",
        "truetype/clear-sans/ClearSans-Light.ttf",
        "truetype/clear-sans/ClearSans-Regular.ttf",
    ),
}
# Of the set that is only judged.
HELD_OUT = {
    "garuda": ("fonts-tlwg-garuda-ttf", "truetype/tlwg/Garuda.ttf", "truetype/tlwg/Garuda-Bold.ttf"),
    "inter": ("fonts-inter", "opentype/inter/Inter-Regular.otf", "opentype/inter/Inter-Bold.otf"),
    "aerial": ("fonts-arkpandora", "truetype/arkpandora/Aerial.ttf", "truetype/arkpandora/AerialBd.ttf"),
    "switzera": (
        "fonts-adf-switzera",
        "truetype/adf/SwitzeraADF-Regular.otf",
        "truetype/adf/SwitzeraADF-Bold.otf",
    ),
    "switzera-cond": (
        "fonts-adf-switzera",
        "truetype/adf/SwitzeraADF-Cond.otf",
        "truetype/adf/SwitzeraADF-BoldCond.otf",
    ),
    "clear": (
        "fonts-clear-sans",
        "truetype/clear-sans/ClearSans-Regular.ttf",
        "truetype/clear-sans/ClearSans-Bold.ttf",
    ),
    "pt-sans": ("fonts-paratype", "truetype/paratype/PTS55F.ttf", "truetype/paratype/PTS75F.ttf"),
    "tuffy": ("fonts-tuffy", "truetype/tuffy/Tuffy.ttf", "truetype/tuffy/Tuffy_Bold.ttf"),
    "b612": ("fonts-b612", "opentype/b612/B612-Regular.otf", "opentype/b612/B612-Bold.otf"),
}
HELD_OUT_SPECIAL = {
    "b612-mono": ("fonts-b612", "opentype/b612/B612Mono-Regular.otf"),
    "inconsolata": ("fonts-inconsolata", "truetype/inconsolata/Inconsolata.otf"),
    "hack": ("fonts-hack", "truetype/hack/Hack-Regular.ttf"),
    "hack-bold": ("fonts-hack", "truetype/hack/Hack-Bold.ttf"),
    "pt-mono": ("fonts-paratype", "truetype/paratype/PTM55F.ttf"),
    "pt-serif": ("fonts-paratype", "truetype/paratype/PTF55F.ttf"),
    "pt-serif-bold": ("fonts-paratype", "truetype/paratype/PTF75F.ttf"),
    "hand": ("fonts-humor-sans", "truetype/humor-sans/Humor-Sans.ttf"),
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
    """Raise MissingFonts unless every face of these families, and every special face of their set, is there."""
    special = HELD_OUT_SPECIAL if any(f in HELD_OUT for f in families) else SPECIAL
    require([(SANS | HELD_OUT)[f] for f in families] + list(special.values()))


def require(wanted):
    """Raise MissingFonts unless all files of these entries (package, path, …) are there."""
    missing = sorted({entry[0] for entry in wanted if not all(find(p).is_file() for p in entry[1:])})
    if missing:
        raise MissingFonts(f"typefaces are missing: apt-get install {' '.join(missing)}")


def sans(family, size, bold=False):
    """A sans face at a size in pixels."""
    return load((SANS | LIGHT | HELD_OUT | HELD_OUT_LIGHT)[family][2 if bold else 1], round(size, 1))


def light_of(family):
    """The thin faces of the set this family is of."""
    return sorted(HELD_OUT_LIGHT if family in HELD_OUT else LIGHT)


def special(name, size):
    """One of the other faces."""
    return load((SPECIAL.get(name) or HELD_OUT_SPECIAL[name])[1], round(size, 1))


@lru_cache(maxsize=256)
def load(path, size):
    """A face, kept because opening one costs more than a line of text."""
    return ImageFont.truetype(str(find(path)), size, layout_engine=ImageFont.Layout.BASIC)
