"""The two sets of styles.

What a reader is tuned on has `tuned` alone; it is judged on `held-out`, which shares no typeface, NIK face, ground,
table, clutter, light or camera with it.
"""

from dataclasses import dataclass

from . import fonts


@dataclass(frozen=True)
class Style:
    """What a set of cards and photographs is made with."""

    name: str
    families: tuple  # sans faces of labels and values
    near: tuple  # those of them that cards mostly have
    nik_faces: tuple  # (face, weight)
    mono: tuple
    serif: str
    serif_bold: str

    @property
    def held_out(self):
        """Whether this is the held-out set."""
        return self.name == "held-out"


NEAR_ARIAL = ("liberation", "arimo", "nimbus", "freesans")
TUNED_NIK = (
    ("ocr-a", 66),
    ("ocr-b", 16),
    ("mono-bold", 6),
    ("mono", 3),
    ("dejavu-mono", 3),
    ("sans-bold", 6),
)


def tuned(families):
    """The set to tune on, with these sans faces."""
    near = tuple(f for f in NEAR_ARIAL if f in families)
    return Style(
        "tuned", tuple(families), near, TUNED_NIK, ("mono", "dejavu-mono", "mono-bold"), "serif", "serif-bold"
    )


HELD_OUT = Style(
    "held-out",
    tuple(fonts.HELD_OUT),
    ("garuda", "inter", "aerial", "switzera"),
    (
        ("drawn", 62),
        ("b612-mono", 14),
        ("inconsolata", 6),
        ("hack-bold", 8),
        ("pt-mono", 4),
        ("sans-bold", 6),
    ),
    ("hack", "pt-mono", "b612-mono"),
    "pt-serif",
    "pt-serif-bold",
)


def named(name, core=False):
    """A set by the name the command line has; `core` needs fewer packages."""
    return HELD_OUT if name == "held-out" else tuned(fonts.CORE if core else fonts.SANS)
