#!/usr/bin/env python3
"""Trains the second reader of text lines and writes its weights.

    python tests/cards/train_lines.py shared/ocr/data/lines.bin [--lines 400000] [--state FILE] [--check LINES CARDS]

Needs torch, numpy, Pillow and opencv-python-headless, and the Debian packages that `cardgen/lines.py` names. Two processes draw and
learn side by side: about an hour on two cores. `--state` keeps what was learned after every part, and goes on from there.

What is learned: a line of print as the reader crops it (a row's capitals, three tenths of their height above, four below),
36 pixels high, is a string of capital letters, digits and the marks of names and addresses. Nothing but convolutions: what
a letter is taken for hangs on what is printed within about two letters of it, so that no language is learned and no name is
repaired. Half of the text has no meaning at all for the same reason. None of the typefaces is one that cards of the
held-out set are printed in.

Nothing but rendered text goes in: no picture of a card, real or generated. `--check LINES CARDS` holds what was learned against
lines of generated cards: CARDS of generate.py, LINES of `filot-read --lines`; with a `--state` that has learned all, nothing else is
done.

Network: conv 5x5x16, relu, max-pool 3x3; conv 3x3x48, relu, max-pool 2 down; conv 3x3x64, relu, max-pool 2 down;
conv 3x3x96, relu; conv 3x3x128 without padding above and below, relu; along the line two residual convolutions of five
(the second with every other neighbour), relu; dense. Connectionist temporal classification (Graves et al. 2006).
File: magic `FLN1`, then bfloat16 little-endian tensors, weights in the order height, width, input, output, each layer's
bias behind them.
"""
import argparse
import json
import multiprocessing
import os
import random
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent))
from board import distance  # noqa: E402
from cardgen.lines import ALPHABET, HEIGHT, Faces, Words, sample  # noqa: E402

BLANK = 0
BATCH = 48
RATE = 2.5e-3


def draw_forever(seed, queue, count):
    """Fills the queue with `count` lines at a time."""
    cv2.setNumThreads(1)
    rng = random.Random(seed)
    faces, words = Faces(), Words()
    while True:
        queue.put([sample(rng, faces, words) for _ in range(count)])


class Recogniser(nn.Module):
    """The network of the module's description."""

    def __init__(self):
        super().__init__()
        sizes = [(1, 16, (5, 5), (2, 2)), (16, 48, (3, 3), (1, 1)), (48, 64, (3, 3), (1, 1)), (64, 96, (3, 3), (1, 1)),
                 (96, 128, (3, 3), (0, 1)), (128, 128, (1, 5), (0, 2)), (128, 128, (1, 5), (0, 4))]
        self.convs = nn.ModuleList(
            nn.Conv2d(i, o, k, padding=p, bias=False, dilation=(1, 2) if n == 6 else 1) for n, (i, o, k, p) in enumerate(sizes))
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) for _, o, _, _ in sizes)
        self.last = nn.Conv2d(128, len(ALPHABET) + 1, 1)

    def forward(self, x):
        pools = {0: (3, 3), 1: (2, 1), 2: (2, 1)}
        for n, (conv, norm) in enumerate(zip(self.convs, self.norms)):
            y = F.relu(norm(conv(x)))
            if n in pools:
                y = F.max_pool2d(y, pools[n])
            x = x + y if n >= 5 else y
        return self.last(x).squeeze(2).permute(2, 0, 1)  # time, line, class


def batch_of(lines):
    """Ink 0 to 1, white behind the ends; lengths in steps; targets."""
    width = max(-(-image.shape[1] // 3) * 3 for image, _ in lines)
    x = np.zeros((len(lines), 1, HEIGHT, width), np.float32)
    for i, (image, _) in enumerate(lines):
        x[i, 0, :, : image.shape[1]] = (255 - image.astype(np.float32)) / 255
    steps = torch.tensor([image.shape[1] // 3 for image, _ in lines])
    codes = [[ALPHABET.index(c) + 1 for c in text] for _, text in lines]
    return torch.from_numpy(x), steps, torch.tensor([c for code in codes for c in code]), torch.tensor([len(c) for c in codes])


def told(logits, steps):
    """The texts that the best path spells."""
    best = logits.argmax(2).T.numpy()
    out = []
    for line, n in zip(best, steps):
        text, before = "", BLANK
        for c in line[:n]:
            if c not in (BLANK, before):
                text += ALPHABET[c - 1]
            before = c
        out.append(" ".join(text.split()))
    return out


def score(model, lines):
    """Share of lines and of characters that are right."""
    model.eval()
    right = wrong = total = 0
    with torch.no_grad():
        for at in range(0, len(lines), 50):
            part = sorted(lines[at : at + 50], key=lambda line: line[0].shape[1])
            x, steps, _, _ = batch_of(part)
            for (_, text), read in zip(part, told(model(x), steps)):
                right += text == read
                wrong += distance(text, read)
                total += len(text)
    model.train()
    return right / len(lines), 1 - wrong / total


def printed(fields):
    """The lines of a card that its truth contains."""
    lines = [v for k, v in fields.items() if k not in ("birthDate", "birthPlace", "issueDate", "province", "regency", "nik")]
    if fields.get("birthPlace") and fields.get("birthDate"):
        year, month, day = fields["birthDate"].split("-")
        lines.append(f"{fields['birthPlace']}, {day}-{month}-{year}")
    if fields.get("province"):
        lines.append(f"PROVINSI {fields['province']}")
    if fields.get("regency"):
        lines.append(fields["regency"])
    return [line for line in lines if line]


def card_lines(folder, cards):
    """Crops of generated cards with what is printed there: (image, text, what the line engine read), HEIGHT rows.

    What the engine read tells which line of the card it is; where it is like none, or like two, the crop is left out.
    """
    truth = {}
    for line in (cards / "truth.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        if entry.get("fields"):
            truth[Path(entry["file"]).stem] = printed(entry["fields"])
    out, before = [], None
    for line in (folder / "lines.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        read = entry["read"]
        if entry["class"] not in ("Upper", "Name", "Digits") or entry["card"] not in truth or len(read) < 2:
            continue
        near = sorted((distance(read, text) / max(len(text), len(read)), text) for text in truth[entry["card"]])
        if not near or near[0][0] > 0.34 or (len(near) > 1 and near[1][1] != near[0][1] and near[1][0] < near[0][0] + 0.2):
            continue
        text = near[0][1]
        piece = cv2.imread(str(folder / entry["file"]), cv2.IMREAD_GRAYSCALE)
        # A name is shown twice.
        if before is not None and before.shape == piece.shape and (before == piece).all():
            continue
        before = piece
        width = round(piece.shape[1] * HEIGHT / piece.shape[0])
        room = width // 3 >= len(text) + sum(p == q for p, q in zip(text, text[1:])) + 1
        if all(c in ALPHABET for c in text) and 12 <= width <= 900 and room:
            out.append((cv2.resize(piece, (width, HEIGHT), interpolation=cv2.INTER_CUBIC), text, read))
    return out


def write(model, path):
    """The layers with their normalisation folded in, as bfloat16."""
    data = bytearray(b"FLN1")
    model.eval()
    layers = []
    for conv, norm in zip(model.convs, model.norms):
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        layers.append((conv.weight * gain[:, None, None, None], norm.bias - norm.running_mean * gain))
    layers.append((model.last.weight, model.last.bias))
    for weight, bias in layers:
        for tensor in (weight.permute(2, 3, 1, 0), bias):
            data += tensor.detach().contiguous().to(torch.bfloat16).view(torch.int16).numpy().astype("<i2").tobytes()
    path.write_bytes(bytes(data))
    model.train()


def check(model, folder, cards):
    """Prints how many lines of cards the network reads, beside the line engine."""
    lines = card_lines(folder, cards)
    right, characters = score(model, [line[:2] for line in lines])
    engine = sum(text == read for _, text, read in lines) / len(lines)
    print(f"{len(lines)} lines of cards: {right:.4f} read ({characters:.4f} of the characters), by the engine {engine:.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--lines", type=int, default=400_000, help="how many lines are looked at")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--state", type=Path, help="keeps what was learned and goes on from there")
    parser.add_argument("--check", type=Path, nargs=2, metavar=("LINES", "CARDS"), help="lines of generated cards")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    model = Recogniser().to(memory_format=torch.channels_last)
    steps = args.lines // BATCH
    learner = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-2)
    plan = torch.optim.lr_scheduler.OneCycleLR(learner, RATE, total_steps=steps, pct_start=0.08, final_div_factor=300)
    done = 0
    if args.state and args.state.exists():
        kept = torch.load(args.state)
        model.load_state_dict(kept["model"])
        learner.load_state_dict(kept["learner"])
        plan.load_state_dict(kept["plan"])
        done = kept["done"]
    if done < steps:
        learn(args, model, learner, plan, range(done, steps))
    if args.check:
        check(model, *args.check)


def learn(args, model, learner, plan, steps):
    """Trains on one line after the other; writes the weights now and then, and at the end."""
    rng = random.Random(args.seed + steps.start)
    faces, words = Faces(), Words()
    drawn = [sample(random.Random(4242 + i), faces, words) for i in range(300)]
    # OpenCV's threads do not outlive a fork.
    context = multiprocessing.get_context("spawn")
    queue = context.Queue(4)
    painter = context.Process(target=draw_forever, args=(args.seed * 1000 + steps.start, queue, BATCH * 8), daemon=True)
    painter.start()
    began, losses, parts = time.time(), [], []
    for step in steps:
        if not parts:
            pool = sorted(queue.get(), key=lambda line: line[0].shape[1])
            # Drawing a line takes as long as learning it: each is looked at twice.
            parts = [pool[i : i + BATCH] for i in range(0, len(pool), BATCH)] * 2
            rng.shuffle(parts)
        x, lengths, targets, sizes = batch_of(parts.pop())
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(x.to(memory_format=torch.channels_last))
        loss = F.ctc_loss(logits.float().log_softmax(2), targets, lengths, sizes, blank=BLANK, zero_infinity=True)
        learner.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        learner.step()
        plan.step()
        losses.append(loss.item())
        done = step + 1
        if done % 250 == 0 or done == steps.stop:
            lines, characters = score(model, drawn)
            rate = (done - steps.start) * BATCH / (time.time() - began)
            print(
                f"{done}/{steps.stop}: loss {np.mean(losses):.4f}, of unseen lines {lines:.3f} read"
                f" ({characters:.4f} of the characters), {rate:.0f} lines/s",
                flush=True,
            )
            losses.clear()
            if args.state:
                part = args.state.with_suffix(".part")
                state = {"model": model, "learner": learner, "plan": plan}
                torch.save({"done": done} | {name: of.state_dict() for name, of in state.items()}, part)
                os.replace(part, args.state)
            write(model, args.out)
    painter.terminate()


if __name__ == "__main__":
    main()
