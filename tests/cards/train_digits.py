#!/usr/bin/env python3
"""Trains the classifier of the NIK row and writes its weights.

    python tests/cards/train_digits.py shared/ocr/data/digits.bin

Needs numpy, Pillow and the Debian packages fonts-ocr-a, fonts-ocr-b, fonts-liberation, fonts-dejavu, fonts-roboto.
Deterministic by --seed. Nothing but rendered digits goes in: no picture of a card, real or generated.

What is learned: a patch of 16 x 24 pixels, one cell of the evenly pitched row wide and 1.3 digit heights high, ink 1 and
ground 0, is one of ten digits or "no digit in the middle" (shifted by about half a pitch, blank, or another sign).
The eleventh answer is what lets the reader find the pitch grid by trying grids.

Network: conv 5x5x8, relu, max-pool 2, conv 3x3x16, relu, max-pool 2, dense 64, relu, dense 11.
File: magic `FDG1`, then float32 little-endian tensors in the order c1w c1b c2w c2b f1w f1b f2w f2b.
"""
import argparse
import sys
import time

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

W, H = 16, 24
CLASSES = 11
FONTS = [  # path, how often it is drawn
    ("/usr/share/fonts/truetype/ocr-a/OCRA.ttf", 8),
    ("/usr/share/fonts/truetype/ocr-a/OCRABold.ttf", 2),
    ("/usr/share/fonts/truetype/ocr-a/OCRACondensed.ttf", 2),
    ("/usr/share/fonts/opentype/ocr-b/OCRB.otf", 5),
    ("/usr/share/fonts/opentype/ocr-b/OCRBF.otf", 1),
    ("/usr/share/fonts/opentype/ocr-b/OCRBL.otf", 1),
    ("/usr/share/fonts/opentype/ocr-b/OCRBS.otf", 1),
    ("/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf", 2),
    ("/usr/share/fonts/truetype/liberation/LiberationSans-Bold.ttf", 2),
    ("/usr/share/fonts/truetype/liberation/LiberationMono-Regular.ttf", 1),
    ("/usr/share/fonts/truetype/liberation/LiberationMono-Bold.ttf", 1),
    ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 1),
    ("/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf", 1),
    ("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf", 1),
    ("/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf", 1),
    ("/usr/share/fonts/truetype/roboto/unhinted/RobotoTTF/Roboto-Regular.ttf", 1),
    ("/usr/share/fonts/truetype/roboto/unhinted/RobotoTTF/Roboto-Medium.ttf", 1),
]
MARKED_ZEROS = 0.4  # share of the samples, OCR faces left out, whose zeros have a slash or a dot
GLYPH = 64  # height in pixels at which digits are drawn before they are shrunk


def load_fonts():
    fonts, weights = [], []
    for path, weight in FONTS:
        font = ImageFont.truetype(path, 100)
        box = font.getbbox("0123456789")
        font = ImageFont.truetype(path, int(100 * GLYPH / (box[3] - box[1])))
        box = font.getbbox("0123456789")
        # OCR faces leave the zero as it is.
        fonts.append((font, box, font.getlength("0"), "/ocr-" not in path))
        weights.append(weight)
    return fonts, np.array(weights) / sum(weights)


def mark_zero(rng, draw, box, kind):
    """A slash or a dot in a zero, in the box of the digit."""
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    cx, cy = (left + right) / 2, (top + bottom) / 2
    thick = max(2, round(wide * rng.uniform(0.08, 0.2)))
    if kind < 0.3:
        r = wide * rng.uniform(0.08, 0.17)
        draw.ellipse((cx - r, cy - r * rng.uniform(1, 2), cx + r, cy + r * rng.uniform(1, 2)), fill=255)
        return
    # From inside the bowl to beyond it, mostly rising to the right.
    reach, rise = wide * rng.uniform(0.2, 0.55), high * rng.uniform(0.16, 0.48)
    side = -1 if rng.random() < 0.1 else 1
    draw.line((cx - side * reach, cy + rise, cx + side * reach, cy - rise), fill=255, width=thick)


def sample(rng, fonts, weights):
    """One patch and its class."""
    font, box, advance, markable = fonts[rng.choice(len(fonts), p=weights)]
    # Print runs space the digits wider or closer than the face does.
    pitch = advance * rng.uniform(0.97, 1.35)
    text = "".join(str(d) for d in rng.integers(0, 10, 3))
    target = int(text[1])
    left = rng.random()
    if left < 0.06:
        text = " " + text[1:]
    elif left < 0.09:
        text = ":" + text[1:]
    elif left < 0.15:
        text = text[:2] + " "
    shift = float(np.clip(rng.normal(0, 0.055), -0.15, 0.15))
    kind = rng.random()
    if kind < 0.17:
        shift = rng.choice([-1, 1]) * rng.uniform(0.32, 0.5)
        target = 10
    elif kind < 0.20:
        text, target = text[0] + " " + text[2], 10
    elif kind < 0.24:
        text, target = text[0] + rng.choice(list(":ENKMAW-/.")) + text[2], 10
    width = int(pitch * 3) + 40
    canvas = Image.new("L", (width, GLYPH * 2), 0)
    draw = ImageDraw.Draw(canvas)
    top = GLYPH // 2 - box[1]
    bold = int(rng.integers(0, 2)) if rng.random() < 0.4 else 0
    # Some faces mark a zero to tell it from an O; the mark is drawn, so that no such face need be known.
    marked = rng.random() if markable and rng.random() < MARKED_ZEROS else 1.0
    for i, c in enumerate(text):
        if c != " ":
            x = 20 + pitch * (i + 0.5) - font.getlength(c) / 2
            draw.text((x, top), c, fill=255, font=font, stroke_width=bold)
            if c == "0" and marked < 1.0:
                mark_zero(rng, draw, draw.textbbox((x, top), c, font=font), marked)
    thin = rng.random()
    if thin < 0.15:
        canvas = canvas.filter(ImageFilter.MinFilter(3))
    elif thin < 0.25:
        canvas = canvas.filter(ImageFilter.MaxFilter(3))
    # The camera: blur in source pixels, from sharp to hardly legible.
    blur = abs(rng.normal(0, 3.2)) + 0.8
    # Affine: cell and 1.3 digit heights onto the patch, with errors of every measure.
    cell = pitch * rng.uniform(0.95, 1.05)
    high = GLYPH * 1.3 * rng.uniform(0.88, 1.14)
    cx = 20 + pitch * 1.5 + shift * pitch
    cy = GLYPH + GLYPH * float(np.clip(rng.normal(0, 0.05), -0.13, 0.13))
    slant, tilt = rng.normal(0, 0.05), rng.normal(0, 0.02)
    a, e = cell / W, high / H
    b, d = slant * e, tilt * a
    # Box prefilter by blurring, then sample bilinearly.
    canvas = canvas.filter(ImageFilter.GaussianBlur(max(blur, 0.45 * max(a, e))))
    c, f = cx - a * W / 2 - b * H / 2, cy - d * W / 2 - e * H / 2
    patch = canvas.transform((W, H), Image.AFFINE, (a, b, c, d, e, f), Image.BILINEAR)
    x = np.asarray(patch, np.float32) / 255
    # Even out as the reader does (by the row's contrast, which is never exactly this patch's), then dirt.
    x = x / max(0.35, float(x.max())) if blur > 2 else x
    x *= rng.uniform(0.65, 1.15)
    yy, xx = np.mgrid[0:H, 0:W].astype(np.float32)
    if rng.random() < 0.5:  # guilloche: fine curved lines
        k, angle = rng.uniform(0.5, 2.0), rng.uniform(0, np.pi)
        wave = np.sin(k * (xx * np.cos(angle) + yy * np.sin(angle)) + rng.uniform(0, 6.3) + np.sin(xx / 4))
        x = x + rng.uniform(0, 0.16) * wave
    if rng.random() < 0.3:  # glare and shadow edges that the background division left
        x = x * (1 - rng.uniform(0, 0.7) * np.clip((xx * rng.normal() + yy * rng.normal()) / 16 + 0.5, 0, 1))
    x = x + rng.normal(0, abs(rng.normal(0, 0.07)), x.shape)
    if rng.random() < 0.3:
        x = x + rng.uniform(-0.08, 0.12)
    return np.clip(x, 0, 1.2), target


def batch_of(rng, fonts, weights, n):
    x = np.empty((n, H, W), np.float32)
    y = np.empty(n, np.int64)
    for i in range(n):
        x[i], y[i] = sample(rng, fonts, weights)
    return x, y


def im2col(x, k):
    """(N,H,W,C) -> (N,H,W,k*k*C), zero padded."""
    p = k // 2
    xp = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    v = np.lib.stride_tricks.sliding_window_view(xp, (k, k), axis=(1, 2))
    return np.ascontiguousarray(v.transpose(0, 1, 2, 4, 5, 3)).reshape(*x.shape[:3], -1)


def col2im(g, k, shape):
    n, h, w, c = shape
    p = k // 2
    out = np.zeros((n, h + 2 * p, w + 2 * p, c), np.float32)
    g = g.reshape(n, h, w, k, k, c)
    for i in range(k):
        for j in range(k):
            out[:, i : i + h, j : j + w] += g[:, :, :, i, j]
    return out[:, p : p + h, p : p + w]


def pool(x):
    n, h, w, c = x.shape
    v = x.reshape(n, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 5, 2, 4).reshape(n, h // 2, w // 2, c, 4)
    at = v.argmax(-1)
    return np.take_along_axis(v, at[..., None], -1)[..., 0], at


def unpool(g, at):
    n, h, w, c = g.shape
    v = np.zeros((n, h, w, c, 4), np.float32)
    np.put_along_axis(v, at[..., None], g[..., None], -1)
    return v.reshape(n, h, w, c, 2, 2).transpose(0, 1, 4, 2, 5, 3).reshape(n, h * 2, w * 2, c)


def init(rng):
    def he(*shape):
        return rng.normal(0, np.sqrt(2 / shape[0]), shape).astype(np.float32)

    return [he(25, 8), np.zeros(8, np.float32), he(72, 16), np.zeros(16, np.float32), he(384, 64),
            np.zeros(64, np.float32), he(64, CLASSES), np.zeros(CLASSES, np.float32)]


def forward(params, x):
    c1w, c1b, c2w, c2b, f1w, f1b, f2w, f2b = params
    col1 = im2col(x[..., None], 5)
    a1 = col1 @ c1w + c1b
    p1, at1 = pool(np.maximum(a1, 0))
    col2 = im2col(p1, 3)
    a2 = col2 @ c2w + c2b
    p2, at2 = pool(np.maximum(a2, 0))
    flat = p2.reshape(len(x), -1)
    a3 = flat @ f1w + f1b
    h3 = np.maximum(a3, 0)
    z = h3 @ f2w + f2b
    z -= z.max(1, keepdims=True)
    prob = np.exp(z)
    prob /= prob.sum(1, keepdims=True)
    return prob, (col1, a1, at1, p1, col2, a2, at2, flat, a3, h3)


def backward(params, cache, prob, y):
    _, _, c2w, _, f1w, _, f2w, _ = params
    col1, a1, at1, p1, col2, a2, at2, flat, a3, h3 = cache
    n = len(y)
    # Label smoothing keeps the probabilities of legible digits honest.
    t = np.full((n, CLASSES), 0.01 / CLASSES, np.float32)
    t[np.arange(n), y] += 0.99
    g = (prob - t) / n
    gf2w, gf2b = h3.T @ g, g.sum(0)
    g = (g @ f2w.T) * (a3 > 0)
    gf1w, gf1b = flat.T @ g, g.sum(0)
    g = (g @ f1w.T).reshape(n, H // 4, W // 4, 16)
    g = unpool(g, at2) * (a2 > 0)
    gc2w, gc2b = np.tensordot(col2, g, ([0, 1, 2], [0, 1, 2])), g.sum((0, 1, 2))
    g = col2im(g @ c2w.T, 3, p1.shape)
    g = unpool(g, at1) * (a1 > 0)
    gc1w, gc1b = np.tensordot(col1, g, ([0, 1, 2], [0, 1, 2])), g.sum((0, 1, 2))
    return [gc1w, gc1b, gc2w, gc2b, gf1w, gf1b, gf2w, gf2b]


def main():
    args = argparse.ArgumentParser()
    args.add_argument("out")
    args.add_argument("--seed", type=int, default=7)
    args.add_argument("--samples", type=int, default=140_000)
    args.add_argument("--epochs", type=int, default=8)
    args = args.parse_args()
    rng = np.random.default_rng(args.seed)
    fonts, weights = load_fonts()
    started = time.time()
    x, y = batch_of(rng, fonts, weights, args.samples)
    vx, vy = batch_of(np.random.default_rng(args.seed + 1), fonts, weights, 5000)
    print(f"{args.samples} patches in {time.time() - started:.0f} s", file=sys.stderr)
    params = init(rng)
    m = [np.zeros_like(p) for p in params]
    v = [np.zeros_like(p) for p in params]
    step, size = 0, 128
    total = args.epochs * (len(x) // size)
    for epoch in range(args.epochs):
        order = rng.permutation(len(x))
        loss = 0.0
        for at in range(0, len(x) - size + 1, size):
            pick = order[at : at + size]
            prob, cache = forward(params, x[pick])
            loss -= np.log(prob[np.arange(size), y[pick]] + 1e-9).mean()
            grads = backward(params, cache, prob, y[pick])
            step += 1
            rate = 2e-3 * 0.5 * (1 + np.cos(np.pi * step / total))
            for i, g in enumerate(grads):
                m[i] = 0.9 * m[i] + 0.1 * g
                v[i] = 0.999 * v[i] + 0.001 * g * g
                params[i] -= rate * (m[i] / (1 - 0.9**step)) / (np.sqrt(v[i] / (1 - 0.999**step)) + 1e-8)
        prob, _ = forward(params, vx)
        right = prob.argmax(1) == vy
        print(f"epoch {epoch + 1}: loss {loss / (len(x) // size):.4f}, unseen patches right {right.mean():.4f} "
              f"(p >= 0.9: {(prob.max(1) >= 0.9).mean():.3f} of them, right {right[prob.max(1) >= 0.9].mean():.4f}), "
              f"{time.time() - started:.0f} s", file=sys.stderr)
        with open(args.out, "wb") as out:
            out.write(b"FDG1")
            for p in params:
                out.write(p.astype("<f4").tobytes())


if __name__ == "__main__":
    main()
