"""Pictures that are not of a card (drawings, screens, printed copies, edited fields), and hard honest pictures.

Owns how each is made, from the cards and captures of the other modules. `sample` is the way in. It must not know how a
reader finds them.
"""

import io
import math
import random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from . import files, fonts, ktp, make, paint, people, photo, styles

# What a forger does, by family; each family should be found by one sign.
KINDS = {
    "drawing": ("drawing-flat", "drawing-lines", "drawing-gradient", "drawing-guilloche", "drawing-npwp"),
    "screen": ("screen-monitor", "screen-phone"),
    "copy": ("copy-colour", "copy-grey", "copy-photographed"),
    "edit": ("edit-typed", "edit-retouched", "edit-spliced", "edit-digit"),
}
# What an honest picture goes through on its way.
HONEST = ("as-taken", "messenger", "denoised", "sharpened", "grey", "light-noise")


def sample(seed, index, kind, style="tuned"):
    """(file name, bytes, truth) of one picture; `kind` is one of `KINDS` or of `HONEST`."""
    rng = random.Random(f"forgery/{seed}/{index}/{kind}/{style}")
    nrng = np.random.default_rng([seed, index, sum(map(ord, kind + style))])
    family = kind.split("-")[0]
    if kind in HONEST:
        data, truth = honest(rng, nrng, seed, index, kind, style)
    else:
        makers = {"drawing": drawing, "screen": screen, "copy": copy, "edit": edit}
        data, truth = makers[family](rng, nrng, seed, index, kind, style)
    end = {b"\x89P": "png", b"%P": "pdf"}.get(data[:2], "jpg")
    truth |= {
        "file": f"{kind}_{seed}_{index:04}.{end}",
        "forgery": "" if kind in HONEST else kind,
        "treatment": kind,
    }
    return truth["file"], data, truth


def opened(data):
    """The picture of a JPEG or PNG file, upright."""
    return ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")


def captured(seed, index, style, kind="mixed", difficulty="mixed"):
    """(picture, truth) of an honest capture: decoded, so that what is saved again was saved before."""
    attempt = 0
    while True:
        _, data, truth = make.sample(
            seed,
            index + 7919 * attempt,
            kind,
            difficulty,
            inconsistent=0.0,
            pdf=0.0,
            foreign=0.0,
            style=style,
        )
        if truth["kind"] != "negative" and not truth["traits"].get("moire"):
            return data, opened(data), truth
        attempt += 1


def honest(rng, nrng, seed, index, kind, style):
    """An honest capture after what telephones, scanners and messengers do to it."""
    difficulty = rng.choices(make.DIFFICULTIES, [40, 30, 20, 10])[0]
    if kind == "denoised":
        difficulty = rng.choices(make.DIFFICULTIES, [0, 50, 35, 15])[0]  # telephones do it, not scanners
    if kind == "light-noise":
        return light_noise(rng, nrng, seed, index, style)
    data, picture, truth = captured(seed, index, style, difficulty=difficulty)
    if kind == "as-taken":
        return data, truth
    if kind == "messenger":
        scale = min(1.0, 1280 / max(picture.size))
        size = (round(picture.width * scale), round(picture.height * scale))
        truth["corners"] = [[x * scale, y * scale] for x, y in truth["corners"]]
        picture = picture.resize(
            size, rng.choice([Image.Resampling.BILINEAR, Image.Resampling.LANCZOS, Image.Resampling.BOX])
        )
        return files.jpeg(picture, rng.randint(60, 75)), truth
    if kind == "denoised":
        for _ in range(rng.randint(1, 2)):
            picture = denoised(rng, picture)
        return files.jpeg(picture, rng.randint(72, 93)), truth
    if kind == "sharpened":
        picture = picture.filter(
            ImageFilter.UnsharpMask(rng.uniform(0.8, 2.5), rng.randint(60, 220), rng.randint(0, 3))
        )
        return files.jpeg(picture, rng.randint(75, 95)), truth
    return files.jpeg(picture.convert("L").convert("RGB"), rng.randint(70, 95)), truth


def light_noise(rng, nrng, seed, index, style):
    """A clean scan with no more noise than the best scanners have, one to two grey levels, on an evenly lit card."""
    card, truth = flat_card(rng, nrng, seed, index, style, kind=rng.choice(["ktp", "ktp", "npwp"]))
    width = rng.randint(1000, 1700)
    card = card.resize((width, round(width * card.height / card.width)), Image.Resampling.LANCZOS)
    margin = rng.randint(0, 90)
    picture = Image.new(
        "RGB", (card.width + 2 * margin, card.height + 2 * margin), (rng.randint(225, 252),) * 3
    )
    picture.paste(card, (margin, margin))
    truth["corners"] = [
        [margin + x * card.width, margin + y * card.height] for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]
    pixels = np.asarray(picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.8))), np.float32)
    pixels = pixels + nrng.standard_normal((*pixels.shape[:2], 1), dtype=np.float32) * rng.uniform(1, 2)
    picture = Image.fromarray(np.clip(pixels + 0.5, 0, 255).astype(np.uint8))
    return files.jpeg(picture, rng.randint(85, 95)), truth


def denoised(rng, picture):
    """Smooth where nothing is seen, sharp where something is, as telephones do: a guided filter."""
    pixels = np.asarray(picture, np.float32)
    radius, eps = rng.randint(1, 3), rng.uniform(20, 160)

    def mean(a):
        wide = np.pad(a, ((radius + 1, radius), (radius + 1, radius)), mode="edge")
        total = wide.cumsum(0, dtype=np.float64).cumsum(1)
        n = 2 * radius + 1
        return ((total[n:, n:] - total[:-n, n:] - total[n:, :-n] + total[:-n, :-n]) / (n * n)).astype(
            np.float32
        )

    out = []
    for channel in range(3):
        plane = pixels[..., channel]
        m = mean(plane)
        spread = mean(plane * plane) - m * m
        share = spread / (spread + eps)
        out.append(mean(share) * plane + mean(m - share * m))
    return Image.fromarray(np.clip(np.stack(out, -1) + 0.5, 0, 255).astype(np.uint8))


# Drawings


def flat_card(rng, nrng, seed, index, style, blank=None, kind="ktp"):
    """(card, truth) of a card that nobody has photographed yet; `blank` is its ground where a drawing has its own."""
    set_ = styles.named(style)
    if kind == "npwp":
        card, boxes, truth = make.npwp_card(rng, nrng, rng.choice(["old", "new"]), set_)
    else:
        someone = people.person(rng, "", False, False)
        run = ktp.print_run(rng, set_)
        if blank is not None:
            run["blank"] = blank
        card, boxes = ktp.draw(rng, nrng, someone, run)
        truth = {
            "kind": "KTP",
            "inconsistent": False,
            "fields": someone.fields,
            "layout": {"style": "ktp"},
            "traits": {},
        }
    truth["layout"]["boxes"] = boxes
    truth["difficulty"] = "T0"
    truth["corners"] = [[0, 0], [card.width, 0], [card.width, card.height], [0, card.height]]
    return card, truth


def blank(rng, nrng, kind):
    """The ground of a drawn card: one colour, a map of vector lines, a gradient, or waves all over."""
    size = (ktp.WIDTH, ktp.HEIGHT)
    pale = (rng.randint(165, 205), rng.randint(205, 232), rng.randint(226, 250))
    deep = tuple(c - rng.randint(14, 40) for c in pale)
    image = Image.new("RGB", size, pale)
    if kind == "drawing-flat":
        return image
    if kind == "drawing-gradient":
        y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
        angle = rng.uniform(0, 6.28)
        t = np.clip(
            0.5 + (x / size[0] - 0.5) * math.cos(angle) + (y / size[1] - 0.5) * math.sin(angle), 0, 1
        )[..., None]
        return Image.fromarray((np.array(pale) * (1 - t) + np.array(deep) * t).astype(np.uint8))
    if kind == "drawing-guilloche":
        return paint.guilloche(rng, nrng, size, pale, deep, rng.uniform(0.4, 0.9))
    # A globe of meridians over waves, drawn at twice the size as a browser smooths them.
    big = Image.new("RGB", (size[0] * 2, size[1] * 2), pale)
    d = ImageDraw.Draw(big)
    cx, cy, r = (
        rng.uniform(0.8, 1.2) * size[0],
        rng.uniform(0.2, 0.8) * size[1],
        rng.uniform(0.5, 0.8) * size[0],
    )
    d.ellipse((cx - r, cy - r, cx + r, cy + r), fill=deep)
    width = rng.randint(4, 14)
    for k in range(1, 6):
        part = r * k / 6
        d.ellipse((cx - part, cy - r, cx + part, cy + r), outline=pale, width=width)
        d.ellipse((cx - r, cy - part, cx + r, cy + part), outline=pale, width=width)
    step, swing, along = rng.randint(16, 60), rng.uniform(10, 60), rng.uniform(100, 400)
    for y in range(round(size[1] * rng.uniform(0.6, 1.6)), size[1] * 2 + 80, step):
        d.line(
            [(x, y + swing * math.sin(x / along + y / 90)) for x in range(0, size[0] * 2 + 8, 8)],
            fill=deep,
            width=rng.choice([2, 3]),
        )
    return big.resize(size, Image.Resampling.LANCZOS)


def stock_photo(rng, nrng, size):
    """A portrait as a camera gives it: soft light, noise, texture of cloth. A face it is not."""
    w, h = size
    image = np.asarray(
        paint.portrait(rng, nrng, size, rng.random() < 0.5, tuple(rng.randint(40, 200) for _ in range(3))),
        np.float32,
    )
    image = image * (0.7 + 0.6 * paint.smooth(nrng, size, 4))[..., None] + nrng.normal(0, 6, (h, w, 3))
    return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.8))


def cartoon(rng, size):
    """A face of a few flat colours, as an icon has."""
    image = Image.new("RGB", size, tuple(rng.randint(60, 230) for _ in range(3)))
    d = ImageDraw.Draw(image)
    w, h = size
    d.ellipse((w * 0.1, h * 0.68, w * 0.9, h * 1.5), fill=tuple(rng.randint(20, 230) for _ in range(3)))
    d.ellipse((w * 0.25, h * 0.18, w * 0.75, h * 0.72), fill=(244, 206, 170))
    d.pieslice((w * 0.22, h * 0.12, w * 0.78, h * 0.66), 180, 360, fill=(60, 40, 30))
    for x in (0.4, 0.6):
        d.ellipse((w * (x - 0.03), h * 0.42, w * (x + 0.03), h * 0.46), fill=(20, 20, 20))
    d.arc((w * 0.4, h * 0.5, w * 0.6, h * 0.62), 20, 160, fill=(160, 60, 50), width=3)
    return image


def drawing(rng, nrng, seed, index, kind, style):
    """A card that was drawn, saved as people save pictures."""
    if kind == "drawing-npwp":
        card, truth = flat_card(rng, nrng, seed, index, "tuned", kind="npwp")
        image = Image.new("RGB", card.size, (236, 238, 240))
    else:
        card, truth = flat_card(rng, nrng, seed, index, "tuned", blank(rng, nrng, kind))
        left, top, right, bottom = truth["layout"]["boxes"]["portrait"]
        box = [
            round(v) for v in (left * card.width, top * card.height, right * card.width, bottom * card.height)
        ]
        size = (box[2] - box[0], box[3] - box[1])
        card.paste(
            cartoon(rng, size) if rng.random() < 0.5 else stock_photo(rng, nrng, size), (box[0], box[1])
        )
    if rng.random() < 0.4:
        # On a page, with round corners, as mock-ups are shown.
        edge = rng.randint(30, 200)
        image = Image.new(
            "RGB", (card.width + 2 * edge, card.height + 2 * edge), (rng.choice([255, 240, 30]),) * 3
        )
        image.paste(card, (edge, edge), paint.rounded_mask(card.size, 50))
        truth["corners"] = [[x + edge, y + edge] for x, y in truth["corners"]]
        card = image
    how = rng.choice(["png", "95", "85", "75", "resized"])
    truth["saved"] = how
    if how == "resized":
        scale = rng.choice([0.5, 0.6, 0.72, 0.85, 1.2])
        truth["corners"] = [[x * scale, y * scale] for x, y in truth["corners"]]
        card = card.resize(
            (round(card.width * scale), round(card.height * scale)),
            rng.choice([Image.Resampling.LANCZOS, Image.Resampling.BILINEAR]),
        )
        return files.jpeg(card, rng.randint(80, 95)), truth
    if how == "png":
        return files.png(card) or files.jpeg(card, 95), truth
    return files.jpeg(card, int(how)), truth


# Screens


def shown(rng, nrng, seed, index, style):
    """(flat picture of a card, truth), as it would be shown or printed: a clean scan of it."""
    card, truth = flat_card(rng, nrng, seed, index, style)
    pixels = np.asarray(card.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.2))), np.float32)
    pixels += nrng.normal(0, rng.uniform(1, 3), (*pixels.shape[:2], 1))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), truth


def screen(rng, nrng, seed, index, kind, style):
    """A photograph of a screen: pixels of three stripes, dark gaps, a bezel, gamma, reflections."""
    card, truth = shown(rng, nrng, seed, index, style)
    wide = rng.randint(420, 640) if kind == "screen-phone" else rng.randint(520, 900)
    card = card.resize((wide, round(wide * card.height / card.width)), Image.Resampling.LANCZOS)
    edge = rng.randint(10, 60)
    page = Image.new(
        "RGB",
        (card.width + 2 * edge, card.height + 2 * edge),
        rng.choice([(255, 255, 255), (18, 18, 20), (240, 240, 240)]),
    )
    page.paste(card, (edge, edge))
    # Light, not its code: the lens adds up light.
    k = 6
    light = np.asarray(
        Image.fromarray(np.asarray(page)).point([round(255 * (v / 255) ** 2.2) for v in range(256)] * 3)
    )
    lit = np.zeros((page.height * k, page.width * k, 3), np.uint8)
    for channel in range(3):
        for column in (2 * channel, 2 * channel + 1):
            for row in range(k - 1):
                lit[row::k, column::k, channel] = light[..., channel]
    # What the lens does not resolve runs together before the sensor samples it.
    size = rng.choice([(1600, 1200), (2000, 1500), (1920, 1080), (1280, 960)])
    share = rng.uniform(0.7, 0.95) * size[0] / page.width
    share = min(share, 0.9 * size[1] / page.height)
    scale = share / k
    soft = Image.fromarray(lit).filter(ImageFilter.GaussianBlur(rng.uniform(0.35, 0.6) / scale))
    w, h = page.width * share, page.height * share
    angle = math.radians(rng.uniform(-4, 4))
    cx, cy = (
        size[0] / 2 + rng.uniform(-0.03, 0.03) * size[0],
        size[1] / 2 + rng.uniform(-0.03, 0.03) * size[1],
    )
    corners = []
    for a, b in ((-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2)):
        a, b = a * (1 + rng.uniform(-0.02, 0.02)), b * (1 + rng.uniform(-0.02, 0.02))
        corners.append(
            (cx + a * math.cos(angle) - b * math.sin(angle), cy + a * math.sin(angle) + b * math.cos(angle))
        )
    flat = [(0, 0), (soft.width, 0), (soft.width, soft.height), (0, soft.height)]
    coefficients = photo.solve(flat, corners)
    picture = Image.new("RGB", size, (rng.randint(0, 2),) * 3)
    mask = Image.new("L", soft.size, 255).transform(
        size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR
    )
    picture.paste(
        soft.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR),
        (0, 0),
        mask,
    )
    back = np.linalg.inv(np.append(coefficients, 1).reshape(3, 3))
    card_corners = []
    for x, y in (
        (edge, edge),
        (edge + card.width, edge),
        (edge + card.width, edge + card.height),
        (edge, edge + card.height),
    ):
        u, v, t = back @ np.array([x * k, y * k, 1.0])
        card_corners.append([round(u / t, 1), round(v / t, 1)])
    truth["corners"] = card_corners
    pixels = np.asarray(picture, np.float32) * (3 * k / (k - 1) * rng.uniform(0.6, 1.0) / 255)
    pixels = 255 * np.clip(pixels, 0, 1) ** (1 / 2.2)
    pixels += nrng.standard_normal(pixels.shape, dtype=np.float32) * rng.uniform(1.5, 4)
    return files.jpeg(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), rng.randint(78, 94)), truth


# Printed copies


def halftone(rng, nrng, card, width, lpi, grey):
    """The card as a printer prints it, in dots, at `width` pixels: each ink on its own angle."""
    big = card.resize((width, round(width * card.height / card.width)), Image.Resampling.LANCZOS)
    y, x = np.mgrid[0 : big.height, 0 : big.width].astype(np.float32)
    period = width / (3.37 * lpi)

    def dots(level, angle):
        a = math.radians(angle)
        u, v = x * math.cos(a) + y * math.sin(a), -x * math.sin(a) + y * math.cos(a)
        wave = (np.cos(u * 6.2832 / period) + np.cos(v * 6.2832 / period)) / 4 + 0.5
        return (level > np.clip(wave, 0.02, 0.98)).astype(np.float32)

    if grey:
        ink = dots(1 - np.asarray(big.convert("L"), np.float32) / 255, 45)
        return np.repeat((250 - 220 * ink)[..., None], 3, 2)
    rgb = 1 - np.asarray(big, np.float32) / 255
    black = rgb.min(2) * 0.8
    out = np.full(rgb.shape, 250.0, np.float32)
    tints = [(20, 150, 220), (220, 30, 120), (245, 225, 20)]
    for channel, (angle, tint) in enumerate(zip((15, 75, 0), tints, strict=True)):
        ink = dots((rgb[..., channel] - black) / (1 - black + 1e-3), angle)[..., None]
        out = out * (1 - ink) + out * ink * np.array(tint, np.float32) / 250
    ink = dots(black, 45)[..., None]
    return out * (1 - ink) + 30 * ink


def copy(rng, nrng, seed, index, kind, style):
    """A card printed on paper and scanned or photographed."""
    card, truth = shown(rng, nrng, seed, index, style)
    lpi = rng.choice([85, 100, 106, 120, 133])
    printed = halftone(rng, nrng, card, 2400, lpi, kind == "copy-grey")
    image = Image.fromarray(np.clip(printed, 0, 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(rng.uniform(0.6, 1.4))
    )
    width = rng.randint(1000, 1700)
    size = (width, round(width * image.height / image.width))
    page = Image.new("RGB", (image.width + 400, image.height + 400), (250, 250, 250))
    page.paste(image, (200, 200))
    if kind == "copy-photographed":
        mask = Image.new("L", page.size, 255)
        level = photo.LEVELS["T1"] | {"turned": 0.0, "share": (0.8, 0.95), "cut": 0.0}
        frame = rng.choice([(2000, 1500), (1920, 1440), (1600, 1200)])
        corners, _, tilt = photo.pose(rng, frame, page.height / page.width, level)
        picture = photo.background(rng, nrng, frame)
        picture = photo.lay(picture, page, mask, corners, rng)
        forth = np.linalg.inv(
            np.append(
                photo.solve([(0, 0), (page.width, 0), page.size, (0, page.height)], corners), 1
            ).reshape(3, 3)
        )
        found = []
        for x, y in (
            (200, 200),
            (200 + image.width, 200),
            (200 + image.width, 200 + image.height),
            (200, 200 + image.height),
        ):
            u, v, t = forth @ np.array([x, y, 1.0])
            found.append([round(u / t, 1), round(v / t, 1)])
        truth["corners"], truth["difficulty"] = found, "T1"
        picture = photo.lens(rng, nrng, photo.light(rng, nrng, picture, level, corners), level)
        return files.jpeg(picture, rng.randint(80, 94)), truth
    scale = size[0] / image.width
    page = page.resize((round(page.width * scale), round(page.height * scale)), Image.Resampling.BOX)
    truth["corners"] = [
        [200 * scale + x * size[0], 200 * scale + y * size[1]] for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]
    pixels = np.asarray(page, np.float32) + nrng.standard_normal(
        (page.height, page.width, 3), dtype=np.float32
    ) * rng.uniform(1, 3)
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if kind == "copy-grey":
        picture = picture.convert("L").convert("RGB")
    return files.jpeg(picture, rng.randint(80, 94)), truth


# Edited fields


def edit(rng, nrng, seed, index, kind, style):
    """An honest capture in which one field was changed in an image editor and saved again."""
    difficulty = rng.choice(["T0", "T0", "T1", "T2"])
    while True:
        _, picture, truth = captured(seed, index, style, "ktp", difficulty)
        if not truth["traits"].get("copy"):
            break
        index += 104729
    boxes, corners = truth["layout"]["boxes"], truth["corners"]
    field = "nik" if kind == "edit-digit" else rng.choice(["name", "name", "birthDate", "address", "nik"])
    left, top, right, bottom = boxes[field]
    size = (ktp.WIDTH, ktp.HEIGHT)
    to_picture = photo.solve([(0, 0), (size[0], 0), size, (0, size[1])], corners)
    flat = picture.transform(
        size,
        Image.Transform.PERSPECTIVE,
        np.linalg.inv(np.append(to_picture, 1).reshape(3, 3)).flatten()[:8]
        / np.linalg.inv(np.append(to_picture, 1).reshape(3, 3))[2, 2],
        Image.Resampling.BICUBIC,
    )
    box = [
        round(left * size[0]) - 6,
        round(top * size[1]) - 6,
        round(right * size[0]) + 8,
        round(bottom * size[1]) + 8,
    ]
    layer, mask = flat.copy(), Image.new("L", size, 0)
    d = ImageDraw.Draw(mask)
    around = np.asarray(flat.crop(box), np.float32).reshape(-1, 3)
    light = around[around.sum(1) > np.percentile(around.sum(1), 40)]
    ground = tuple(int(v) for v in np.median(light, 0))
    dark = around[around.sum(1) <= np.percentile(around.sum(1), 5)]
    ink = tuple(int(v) for v in np.median(dark, 0))
    truth["edited"] = field
    if kind == "edit-digit":
        # One digit of the number copied over another.
        pitch = (right - left) * size[0] / 16
        a, b = rng.sample(range(16), 2)
        x0, x1 = round(left * size[0] + a * pitch), round(left * size[0] + b * pitch)
        w = round(pitch)
        layer.paste(flat.crop((x0, box[1], x0 + w, box[3])), (x1, box[1]))
        d.rectangle((x1, box[1], x1 + w, box[3]), fill=255)
    elif kind == "edit-spliced":
        # The value of another capture: its own noise and compression.
        _, other, its = captured(seed, index + 15485863, style, "ktp", rng.choice(["T0", "T1", "T2"]))
        its_map = np.linalg.inv(
            np.append(photo.solve([(0, 0), (size[0], 0), size, (0, size[1])], its["corners"]), 1).reshape(
                3, 3
            )
        )
        donor = other.transform(
            size,
            Image.Transform.PERSPECTIVE,
            (its_map / its_map[2, 2]).flatten()[:8],
            Image.Resampling.BICUBIC,
        )
        from_box = its["layout"]["boxes"][field]
        patch = donor.crop(
            (
                round(from_box[0] * size[0]) - 6,
                round(from_box[1] * size[1]) - 6,
                round(from_box[2] * size[0]) + 8,
                round(from_box[3] * size[1]) + 8,
            )
        )
        patch = patch.resize(
            (max(8, round(patch.width * (box[3] - box[1]) / patch.height)), box[3] - box[1]),
            Image.Resampling.BICUBIC,
        )
        layer.paste(patch, (box[0], box[1]))
        d.rectangle((box[0], box[1], max(box[2], box[0] + patch.width), box[3]), fill=255)
    else:
        text = people.person(rng, "", False, False).fields[field]
        if field == "birthDate":
            text = ktp.date(text)
        if kind == "edit-typed":
            ImageDraw.Draw(layer).rectangle(box, fill=ground)
        else:
            # The ground to the right of the value, laid over it again and again.
            room = max(12, round(0.72 * size[0]) - box[2])
            piece = flat.crop((box[2], box[1], box[2] + min(room, 120), box[3]))
            for x in range(box[0], box[2], piece.width):
                layer.paste(piece.crop((0, 0, min(piece.width, box[2] - x), piece.height)), (x, box[1]))
        face = fonts.sans(
            rng.choice(["liberation", "arimo", "nimbus"]),
            min(box[3] - box[1] - 12, 0.032 * size[1]) * rng.uniform(1.2, 1.4),
            rng.random() < 0.5,
        )
        ImageDraw.Draw(layer).text((box[0] + 6, box[3] - 9), text, font=face, fill=ink, anchor="ls")
        end = min(round(0.73 * size[0]), max(box[2], box[0] + 8 + round(face.getlength(text))))
        if kind == "edit-typed" and end > box[2]:
            over = Image.new("RGB", (end - box[2], box[3] - box[1]), ground)
            layer.paste(over, (box[2], box[1]))
            ImageDraw.Draw(layer).text((box[0] + 6, box[3] - 9), text, font=face, fill=ink, anchor="ls")
        d.rectangle((box[0], box[1], end, box[3]), fill=255)
    edited = layer.transform(picture.size, Image.Transform.PERSPECTIVE, to_picture, Image.Resampling.BICUBIC)
    where = mask.transform(picture.size, Image.Transform.PERSPECTIVE, to_picture, Image.Resampling.BILINEAR)
    picture.paste(edited, (0, 0), where)
    return files.jpeg(picture, rng.choice([95, 92, 90, 85])), truth
