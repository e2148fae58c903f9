"""Writing pictures: JPEG, PNG, or a one-page PDF around a JPEG, within the size the product accepts."""

import io

from PIL import Image

MAX_BYTES = 1_900_000


def jpeg(picture, quality, orientation=1):
    """JPEG bytes no larger than the limit."""
    while True:
        out = io.BytesIO()
        options = {}
        if orientation != 1:
            exif = Image.Exif()
            exif[0x0112] = orientation
            options["exif"] = exif
        picture.save(out, "JPEG", quality=quality, **options)
        if out.tell() <= MAX_BYTES or quality <= 30:
            return out.getvalue()
        quality -= 8


def png(picture):
    """PNG bytes, or None where they would be too large."""
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue() if out.tell() <= MAX_BYTES else None


def pdf(data, size, dpi=200):
    """A PDF of one page that shows this JPEG; the same bytes for the same picture."""
    width, height = size[0] * 72 / dpi, size[1] * 72 / dpi
    content = b"q %.2f 0 0 %.2f 0 0 cm /I Do Q" % (width, height)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %.2f %.2f]" % (width, height)
        + b" /Resources << /XObject << /I 4 0 R >> >> /Contents 5 0 R >>",
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB"
        b" /BitsPerComponent 8 /Filter /DCTDecode /Length %d >>\nstream\n"
        % (*size, len(data))
        + data
        + b"\nendstream",
        b"<< /Length %d >>\nstream\n" % len(content) + content + b"\nendstream",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
