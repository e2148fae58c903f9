#!/usr/bin/env python3
"""Draws the sheet of digits that the tests of the digit classifier cut their rows from.

    python tests/cards/digit_sheet.py shared/ocr/tests/fixtures/digits.png

Ten cells of 32 x 48 pixels in a row, one row per face: OCR-A, OCR-B, Liberation Sans Bold, DejaVu Sans Mono.
"""
import sys

from PIL import Image, ImageDraw, ImageFilter, ImageFont

FACES = ["/usr/share/fonts/truetype/ocr-a/OCRA.ttf", "/usr/share/fonts/opentype/ocr-b/OCRB.otf",
         "/usr/share/fonts/truetype/liberation/LiberationSans-Bold.ttf",
         "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"]
sheet = Image.new("L", (320, 48 * len(FACES)), 255)
draw = ImageDraw.Draw(sheet)
for row, path in enumerate(FACES):
    font = ImageFont.truetype(path, 100)
    box = font.getbbox("0123456789")
    font = ImageFont.truetype(path, int(100 * 40 / (box[3] - box[1])))
    box = font.getbbox("0123456789")
    for digit in range(10):
        x = digit * 32 + 16 - font.getlength(str(digit)) / 2
        draw.text((x, row * 48 + 4 - box[1]), str(digit), fill=30, font=font)
sheet.filter(ImageFilter.GaussianBlur(0.7)).save(sys.argv[1], optimize=True)
