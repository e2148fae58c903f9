"""A camera and a scanner in linear light, in numpy alone. Knows a flat sheet with an alpha, nothing of cards.

The sheet is projected through a pinhole, lit, blurred by convolution in the frequency domain, counted in electrons,
and developed to sRGB. Lengths are pixels of the picture unless a name says otherwise.
"""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Level:
    """Ranges of one difficulty. `wide`: the card's width; `lean`, `roll`: degrees; `electrons`: a white pixel's."""

    wide: tuple
    lean: float
    roll: float
    defocus: tuple
    motion: tuple  # (chance, longest)
    electrons: tuple
    read_noise: tuple
    unevenness: float
    shadow: float
    glare: float
    quality: tuple
    subsampled: float


LEVELS = {
    "T1": Level(
        (900, 1500), 7, 5, (0.2, 0.8), (0.0, 0), (2500, 12000), (2, 6), 0.25, 0.15, 0.1, (76, 94), 0.6
    ),
    "T2": Level(
        (660, 1050), 16, 12, (0.5, 1.5), (0.15, 3.5), (600, 4000), (4, 12), 0.5, 0.45, 0.3, (56, 86), 0.9
    ),
    "T3": Level(
        (530, 820), 28, 24, (0.8, 2.2), (0.35, 6.0), (200, 1200), (6, 20), 0.75, 0.6, 0.5, (38, 72), 1.0
    ),
}


def linear(srgb):
    """sRGB bytes to linear light, 0 to 1."""
    v = np.asarray(srgb, np.float32) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4).astype(np.float32)


def srgb(light):
    """Linear light to sRGB bytes."""
    v = np.clip(light, 0, 1)
    v = np.where(v <= 0.0031308, v * 12.92, 1.055 * v ** (1 / 2.4) - 0.055)
    return np.round(v * 255).astype(np.uint8)


def homography(source, target):
    """The 3x3 matrix that takes four source points to four target points."""
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y, -u], [0, 0, 0, x, y, 1, -v * x, -v * y, -v]]
    return np.linalg.svd(np.array(rows, float))[2][-1].reshape(3, 3)


def project(matrix, points):
    """Points through a homography."""
    p = np.column_stack([np.asarray(points, float), np.ones(len(points))]) @ matrix.T
    return p[:, :2] / p[:, 2:]


def place(sheet, corners, size, over):
    """`over` (linear light, height x width x 3) with the sheet (RGBA: linear light and alpha) seen at these corners."""
    height, width = sheet.shape[:2]
    matrix = np.linalg.inv(homography([(0, 0), (width, 0), (width, height), (0, height)], corners))
    left, top = (max(0, math.floor(min(c[i] for c in corners))) for i in (0, 1))
    right, bottom = (min(size[i], math.ceil(max(c[i] for c in corners))) for i in (0, 1))
    if right <= left or bottom <= top:
        return over
    y, x = np.mgrid[top:bottom, left:right].astype(np.float32) + np.float32(0.5)
    depth = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    u = (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / depth - 0.5
    v = (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / depth - 0.5
    inside = (u > -1) & (v > -1) & (u < width) & (v < height)
    u, v = np.clip(u, 0, width - 1.001), np.clip(v, 0, height - 1.001)
    i, j = u.astype(np.int32), v.astype(np.int32)
    fu, fv = (u - i)[..., None].astype(np.float32), (v - j)[..., None].astype(np.float32)
    seen = (sheet[j, i] * (1 - fu) + sheet[j, i + 1] * fu) * (1 - fv)
    seen += (sheet[j + 1, i] * (1 - fu) + sheet[j + 1, i + 1] * fu) * fv
    alpha = seen[..., 3:] * inside[..., None]
    part = over[top:bottom, left:right]
    over[top:bottom, left:right] = part * (1 - alpha) + seen[..., :3] * alpha
    return over


def halve(sheet, width):
    """The sheet averaged two by two until it is less than twice as wide as that: no aliasing when it is sampled."""
    while sheet.shape[1] >= 2 * width:
        h, w = sheet.shape[0] // 2 * 2, sheet.shape[1] // 2 * 2
        sheet = sheet[:h, :w].reshape(h // 2, 2, w // 2, 2, -1).mean((1, 3))
    return sheet


def convolved(light, kernel):
    """Every channel convolved with a kernel; edges are mirrored."""
    reach = kernel.shape[0] // 2
    height, width = light.shape[:2]
    # Behind the mirrored margin, zeros up to a size that transforms fast.
    shape = tuple(-(-(side + 2 * reach) // 96) * 96 for side in (height, width))
    factor = np.fft.rfft2(kernel.astype(np.float32), shape)
    out = np.empty_like(light)
    for channel in range(light.shape[2]):
        padded = np.pad(light[..., channel], reach, mode="reflect")
        seen = np.fft.irfft2(np.fft.rfft2(padded, shape) * factor, shape)
        out[..., channel] = seen[2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width]
    return out


def defocus_kernel(radius):
    """An evenly lit disc, as an open aperture makes it."""
    reach = math.ceil(radius) + 1
    fine = (np.arange((2 * reach + 1) * 8) + 0.5) / 8 - reach - 0.5
    disc = (np.hypot(*np.meshgrid(fine, fine)) <= radius).astype(np.float32)
    kernel = disc.reshape(2 * reach + 1, 8, 2 * reach + 1, 8).sum((1, 3))
    return kernel / kernel.sum()


def motion_kernel(rng, length):
    """The path of an unsteady hand: a line that bends."""
    reach = math.ceil(length) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    heading, bend = rng.uniform(0, 2 * math.pi), rng.uniform(-0.6, 0.6) / max(length, 1)
    steps = max(8, round(length * 8))
    x = y = 0.0
    path = []
    for _ in range(steps):
        path.append((x, y))
        x, y = x + math.cos(heading) * length / steps, y + math.sin(heading) * length / steps
        heading += bend * length / steps
    cx, cy = (sum(p[i] for p in path) / steps for i in (0, 1))
    for px, py in path:
        kernel[round(py - cy) + reach, round(px - cx) + reach] += 1
    return kernel / kernel.sum()


def field(nrng, size, cells):
    """A soft random field, -1 to 1, by a sum of a few plane waves with about `cells` periods across."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32) / max(size)
    out = np.zeros((size[1], size[0]), np.float32)
    for _ in range(5):
        fx, fy, phase = *(nrng.normal(0, cells * 3.0, 2)), nrng.uniform(0, 6.28)
        out += np.sin(fx * x + fy * y + phase, dtype=np.float32)
    return out / 5


def surface(rng, nrng, size):
    """A place to lay a card on, linear light: one colour with a grain, or a weave, or planks."""
    tone = np.array([rng.uniform(0.02, 0.75)] * 3, np.float32) * nrng.uniform(0.75, 1.25, 3).astype(
        np.float32
    )
    kind = rng.choice(["even", "grain", "weave", "planks", "sheet"])
    texture = field(nrng, size, 1.5) * 0.08
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    if kind == "grain":
        texture = texture + nrng.normal(0, 0.12, (size[1], size[0]))
    elif kind == "weave":
        p = rng.uniform(4, 12)
        texture = texture + 0.12 * np.sign(np.sin(x * 6.283 / p)) * np.sign(np.sin(y * 6.283 / p))
    elif kind == "planks":
        p = rng.uniform(0.15, 0.4) * size[1]
        texture = texture + 0.1 * np.sin(x / 40 + 9 * np.floor(y / p)) - 0.5 * ((y % p) < 3)
    elif kind == "sheet":
        tone = np.array([rng.uniform(0.6, 0.92)] * 3, np.float32)
    return np.clip(tone * (1 + texture[..., None]), 0.002, 1).astype(np.float32), kind


def view(rng, size, ratio, level):
    """(corners TL TR BR BL, roll): the sheet leant about two axes before a pinhole, whole in the picture."""
    wide = rng.uniform(*level.wide)
    yaw, pitch = (math.radians(rng.gauss(0, level.lean / 2)) for _ in range(2))
    roll = math.radians(max(-level.roll, min(level.roll, rng.gauss(0, level.roll / 2))))
    distance = rng.uniform(1.8, 4.0)
    seen = []
    for a, b in ((-0.5, -ratio / 2), (0.5, -ratio / 2), (0.5, ratio / 2), (-0.5, ratio / 2)):
        x, z = a * math.cos(yaw), a * math.sin(yaw)
        y, z = b * math.cos(pitch) - z * math.sin(pitch), b * math.sin(pitch) + z * math.cos(pitch)
        x, y = x * distance / (distance + z), y * distance / (distance + z)
        seen.append((x * math.cos(roll) - y * math.sin(roll), x * math.sin(roll) + y * math.cos(roll)))
    spans = [max(p[i] for p in seen) - min(p[i] for p in seen) for i in (0, 1)]
    wide = min(wide, 0.96 * size[0] / spans[0], 0.96 * size[1] / spans[1])
    low = [min(p[i] for p in seen) * wide for i in (0, 1)]
    free = [size[i] - spans[i] * wide for i in (0, 1)]
    shift = [rng.uniform(0.1, 0.9) * free[i] - low[i] for i in (0, 1)]
    return [(x * wide + shift[0], y * wide + shift[1]) for x, y in seen], math.degrees(roll)


def lit(rng, nrng, scene, corners, level):
    """The scene under a lamp, with a shadow and a reflection by chance; (light, what there was)."""
    height, width = scene.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    lamp = (rng.uniform(-0.5, 1.5) * width, rng.uniform(-0.5, 1.5) * height)
    away = np.hypot(x - lamp[0], y - lamp[1]) / math.hypot(width, height)
    fall = 1 / (1 + (away / rng.uniform(0.8, 2.0)) ** 2)
    factor = 1 - level.unevenness * (1 - fall / fall.max())
    what = ""
    if rng.random() < level.shadow:
        angle, soft = rng.uniform(0, 6.283), rng.uniform(0.01, 0.08) * width
        edge = (
            (x - width / 2) * math.cos(angle)
            + (y - height / 2) * math.sin(angle)
            - rng.uniform(-0.2, 0.2) * width
        )
        factor = factor * (1 - rng.uniform(0.25, 0.65) / (1 + np.exp(np.clip(-edge / soft, -30, 30))))
        what = "shadow"
    warm = rng.uniform(-0.12, 0.12) * (1 + level.unevenness)
    tint = np.array([1 + warm, 1 + rng.uniform(-0.03, 0.03), 1 - warm], np.float32)
    out = scene * (factor * rng.uniform(0.7, 1.1))[..., None] * tint
    if rng.random() < level.glare:
        weights = nrng.dirichlet([1, 1, 1, 1])
        gx, gy = (float(sum(w * c[i] for w, c in zip(weights, corners, strict=True))) for i in (0, 1))
        long, thin, turn = (
            rng.uniform(0.08, 0.3) * width,
            rng.uniform(0.01, 0.05) * width,
            rng.uniform(0, 3.14),
        )
        p = ((x - gx) * math.cos(turn) + (y - gy) * math.sin(turn)) / long
        q = ((y - gy) * math.cos(turn) - (x - gx) * math.sin(turn)) / thin
        out = out + (np.exp(-p * p - q * q) * rng.uniform(0.1, 0.6))[..., None].astype(np.float32)
        what = what or "glare"
    return out.astype(np.float32), what


def sensed(rng, nrng, light, level):
    """What a sensor makes of light: photons, read noise, colour sampled one channel a pixel at half its detail."""
    white, noise = rng.uniform(*level.electrons), rng.uniform(*level.read_noise)
    electrons = np.clip(light, 0, 1.2) * white
    electrons = electrons + np.sqrt(electrons) * nrng.standard_normal(light.shape, dtype=np.float32)
    out = (electrons + noise * nrng.standard_normal(light.shape, dtype=np.float32)) / white
    # Colour is interpolated from every other pixel: only brightness keeps its full detail.
    bright = out.mean(2, keepdims=True)
    colour = out - bright
    h, w = out.shape[0] // 2 * 2, out.shape[1] // 2 * 2
    small = colour[:h, :w].reshape(h // 2, 2, w // 2, 2, 3).mean((1, 3))
    colour[:h, :w] = small.repeat(2, 0).repeat(2, 1)
    return bright + colour


def photograph(rng, nrng, sheet, difficulty):
    """(sRGB picture, corners, roll, traits) of a sheet (linear light and alpha)."""
    level = LEVELS[difficulty]
    wide = round(level.wide[1] * rng.uniform(1.15, 1.5))
    size = rng.choice([(wide, round(wide * 0.75)), (wide, round(wide * 0.5625)), (round(wide * 0.8), wide)])
    scene, table = surface(rng, nrng, size)
    corners, roll = view(rng, size, sheet.shape[0] / sheet.shape[1], level)
    shadow = [(x + rng.uniform(1, 8), y + rng.uniform(2, 10)) for x, y in corners]
    dark = np.zeros_like(sheet)
    dark[..., 3] = sheet[..., 3] * 0.5
    scene = place(halve(dark, 200), shadow, size, scene)
    scene = place(halve(sheet, math.dist(corners[0], corners[1])), corners, size, scene)
    light, what = lit(rng, nrng, scene, corners, level)
    radius, blur = rng.uniform(*level.defocus), ""
    light = convolved(light, defocus_kernel(max(radius, 0.35)))
    if rng.random() < level.motion[0]:
        light, blur = convolved(light, motion_kernel(rng, rng.uniform(1.5, level.motion[1]))), "motion"
    picture = srgb(sensed(rng, nrng, light, level))
    return picture, corners, roll, {"table": table, "lit": what, "blur": blur}


def scanned(rng, nrng, sheet):
    """(sRGB picture, corners, roll, traits): a flatbed at 240 to 400 dots an inch, its lamp a narrow line."""
    dpi = rng.choice([240, 300, 300, 400])
    wide = 85.6 / 25.4 * dpi
    high = wide * sheet.shape[0] / sheet.shape[1]
    full = rng.random() < 0.35
    margin = [0.0, 0.0] if full else [rng.uniform(0.02, 0.35) * wide, rng.uniform(0.02, 0.5) * wide]
    size = (round(wide + 2 * margin[0]), round(high + 2 * margin[1]))
    roll = 0.0 if full else math.radians(rng.uniform(-1.5, 1.5))
    cx, cy = size[0] / 2, size[1] / 2
    corners = [
        (cx + a * math.cos(roll) - b * math.sin(roll), cy + a * math.sin(roll) + b * math.cos(roll))
        for a, b in (
            (-wide / 2, -high / 2),
            (wide / 2, -high / 2),
            (wide / 2, high / 2),
            (-wide / 2, high / 2),
        )
    ]
    lid = np.full((size[1], size[0], 3), rng.choice([0.97, 0.93, 0.8, 0.01]), np.float32)
    light = place(halve(sheet, wide), corners, size, lid)
    # The optics blur a little more along the carriage's way than across it.
    light = convolved(light, defocus_kernel(rng.uniform(0.4, 0.7)))
    light = light * (1 + nrng.normal(0, rng.uniform(0, 0.01), (1, size[0], 1))).astype(np.float32)
    light = light + nrng.normal(0, rng.uniform(0.001, 0.006), light.shape).astype(np.float32)
    gray = rng.random() < 0.15
    if gray:
        light = np.repeat(light @ np.array([[0.2126], [0.7152], [0.0722]], np.float32), 3, 2)
    picture = srgb(np.clip(light, 0, 1) ** rng.uniform(0.9, 1.1))
    return picture, corners, math.degrees(roll), {"scan": "full" if full else "flatbed", "gray": gray}
