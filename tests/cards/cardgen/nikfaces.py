"""Digits drawn from strokes in the manner of OCR-A: faces that no font file has, for the held-out set."""

from PIL import Image, ImageDraw

FINE = 4

# Strokes of each digit on a cell of width 1 and height 1, y down, baseline at 1.
SHAPES = {
    "0": [[(0.5, 0), (0, 0), (0, 1), (1, 1), (1, 0), (0.5, 0)]],
    "1": [[(0.18, 0), (0.52, 0), (0.52, 1)], [(0.08, 1), (0.96, 1), (0.96, 0.74)]],
    "2": [[(0.02, 0), (1, 0), (1, 0.5), (0, 0.5), (0, 1), (1, 1)]],
    "3": [[(0.02, 0), (1, 0), (1, 1), (0, 1)], [(0.24, 0.48), (1, 0.48)]],
    "4": [[(0.06, 0), (0.06, 0.62), (1, 0.62)], [(0.84, 0.34), (0.84, 1)]],
    "5": [[(0.98, 0), (0.04, 0), (0.04, 0.46), (1, 0.46), (1, 1), (0, 1)]],
    "6": [[(0.06, 0), (0.06, 1), (1, 1), (1, 0.5), (0.06, 0.5)]],
    "7": [[(0, 0.18), (0, 0), (1, 0), (1, 0.28), (0.48, 0.56), (0.48, 1)]],
    "8": [
        [(0.5, 0), (0.2, 0), (0.2, 0.46), (0.8, 0.46), (0.8, 0), (0.5, 0)],
        [(0.5, 0.46), (0, 0.46), (0, 1), (1, 1), (1, 0.46), (0.5, 0.46)],
    ],
    "9": [[(0.94, 0.5), (0, 0.5), (0, 0), (0.94, 0), (0.94, 1)]],
}


def face(rng):
    """One face: how wide, how thick, how round."""
    return {
        "width": rng.uniform(0.5, 0.66),
        "stroke": rng.uniform(0.1, 0.17),
        "corner": rng.choice([0.0, 0.08, 0.14, 0.2]),
        "caps": rng.choice(["round", "round", "flat"]),
    }


def softened(points, corner, width):
    """The stroke with its corners cut."""
    if not corner or len(points) < 3:
        return points
    out = [points[0]]
    for before, at, after in zip(points, points[1:], points[2:], strict=False):
        for other in (before, after):
            dx, dy = (other[0] - at[0]) * width, other[1] - at[1]
            length = (dx * dx + dy * dy) ** 0.5
            reach = min(corner, length * 0.45) / length
            out.append((at[0] + (other[0] - at[0]) * reach, at[1] + (other[1] - at[1]) * reach))
    return [*out, points[-1]]


def row(sheet, x, y, text, high, pitch, style, ink, field):
    """Print digits on an even pitch; measures as in `Sheet.spaced`, `high` the height of a digit in pixels."""
    step = pitch * sheet.width
    stroke = high * style["stroke"]
    wide = min(high * style["width"], step - 1.25 * stroke)
    left, base = x * sheet.width, y * sheet.height
    margin = stroke
    size = (round((step * len(text) + 2 * margin) * FINE), round((high + 4 * margin) * FINE))
    mask = Image.new("L", size, 0)
    d = ImageDraw.Draw(mask)
    half = stroke * FINE / 2
    for at, char in enumerate(text):
        x0 = margin + step * (at + 0.5) - wide / 2
        for points in SHAPES[char]:
            line = [
                ((x0 + px * wide) * FINE, (2 * margin + stroke / 2 + py * (high - stroke)) * FINE)
                for px, py in softened(points, style["corner"], wide / high)
            ]
            d.line(line, fill=255, width=round(2 * half), joint="curve")
            for cx, cy in (line[0], line[-1]) if style["caps"] == "round" else ():
                d.ellipse((cx - half, cy - half, cx + half, cy + half), fill=255)
            if style["caps"] == "flat":
                for cx, cy in (line[0], line[-1]):
                    d.rectangle((cx - half, cy - half, cx + half, cy + half), fill=255)
    mask = mask.resize((size[0] // FINE, size[1] // FINE), Image.Resampling.LANCZOS)
    corner = (round(left - margin), round(base - high - 2 * margin))
    sheet.image.paste(ink, corner, mask)
    edge = step / 2 - wide / 2 - stroke / 2
    sheet.note(field, (left + edge, base - high, left + step * len(text) - edge, base))
