"""How results are shown: images of a size for the eye, maps of doubt, tables and sentences."""
import re

import torch
from PIL import Image, ImageDraw
from torch.nn import functional as F

from doors import SUFFIX
from recon.images import to_floats, to_pil

BOARD = 720   # side of the image that is touched or brushed over
SHOWN = 1024  # side of what is sent to the browser; the file to download has every pixel


def shown(x):
    "A PIL image for the eye: large ones smaller, small ones larger, pixels staying pixels."
    x = to_floats(x)
    if (side := max(x.shape[-2:])) > SHOWN: x = F.interpolate(x[None], scale_factor=SHOWN / side, mode="area")[0]
    times = max(1, 320 // side)
    return to_pil(x.clamp(-1, 1).repeat_interleave(times, -1).repeat_interleave(times, -2))


def fitted(x, side):
    "A PIL image of at most that many pixels a side."
    image = to_pil(x)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return image


def hex_colour(chosen):
    "What a colour picker gives, `#c03020` or `rgba(192.1, 48, 32, 1)`, in one form."
    if chosen.startswith("#"): return chosen[:7]
    return "#" + "".join(f"{min(255, round(float(n))):02x}" for n in re.findall(r"[\d.]+", chosen)[:3])


def read_places(text):
    "Places and colours of the lines `x,y` or `x,y,colour` that can be read."
    found = [m for m in (re.fullmatch(r"\s*(\d+)\s*,\s*(\d+)\s*(?:,\s*(#[0-9a-fA-F]{6}|[a-z]+)\s*)?", line) for line in (text or "").splitlines()) if m]
    return [(int(m[1]), int(m[2])) for m in found], [m[3] or "#ff6a00" for m in found]


def file_label(picture):
    "What the button says about the file."
    (height, width), kind = picture.size, picture.format if picture.format in SUFFIX else "PNG"
    return f"Download the result: {width} × {height} pixels, {kind}"


def heat(share, picture):
    "A map `[1, H, W]` in [0, 1] as light, from red to yellow, over the darkened image."
    ground = (picture.mean(0, keepdim=True) + 1) / 2 * 0.45 * (1 - share)
    glow = torch.cat([(2 * share).clamp(max=1), (2 * share - 0.7).clamp(0, 1), 0.1 * share])
    return shown((ground + glow).clamp(0, 1) * 2 - 1)


def tinted(made_up, picture):
    "The image in grey, what was made up in orange."
    grey = (picture.mean(0, keepdim=True) + 1) / 2
    colour = torch.tensor([1.0, 0.45, 0.1]).view(3, 1, 1)
    return shown(torch.where(made_up, 0.35 * grey + 0.65 * colour, grey.expand(3, -1, -1)) * 2 - 1)


def board(x):
    "A PIL image to touch or to brush over, small ones enlarged: a brush is as wide on each."
    image = to_pil(x)
    return image.resize([max(1, round(n / board_scale(image.size))) for n in image.size], Image.Resampling.BICUBIC)


def board_scale(size):
    "How many pixels of an image one pixel of its board stands for."
    return max(size) / BOARD


def with_marks(x, places, colours, corners):
    "An image with the dots, or the rectangle, that a visitor asked for."
    scale, image = board_scale(x.shape[-2:]), board(x).convert("RGB")
    places = [(a / scale, b / scale) for a, b in places]
    pen, r = ImageDraw.Draw(image), max(3, max(image.size) // 90)
    for (left, top), colour in zip(places, colours):
        pen.ellipse([left - r, top - r, left + r, top + r], fill=colour, outline="white", width=max(1, r // 3))
    if corners and len(places) > 1:
        (a, b), (c, d) = places[:2]
        pen.rectangle([min(a, c), min(b, d), max(a, c), max(b, d)], outline="#ff6a00", width=max(2, r // 2))
    return image


def took(seconds): return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def verdict(result):
    "One sentence and a table: who took how long, and how near both came to the truth."
    rows = [("corrupted", "Damaged", ""), (result.rival, f"Classical: {result.rival}", took(result.rival_seconds)),
            (result.job.model, f"Network: {result.job.model}", took(result.seconds))]
    names = list(next(iter(result.metrics.values()), {}))
    heads = {"psnr": "PSNR", "ssim": "SSIM"}
    lines = ["| " + " | ".join(["", "time", *(heads[n] for n in names)]) + " |", "|" + "---|" * (2 + len(names))]
    for key, label, time in rows:
        if not key or (key == "corrupted" and not names): continue
        values = [f"{v:.2f} dB" if n == "psnr" else f"{v:.3f}" for n, v in result.metrics.get(key, {}).items()] or [""] * len(names)
        lines.append("| " + " | ".join([label, time, *values]) + " |")
    return "\n\n".join([_sentence(result), "\n".join(lines), *(f"*{note}*" for note in result.notes)])


def _sentence(result):
    "Who won, or why nobody can say."
    if not result.metrics: return "Nobody knows what this image looked like before, so nothing can be measured: compare, and doubt the details."
    rows, us = result.metrics, result.metrics.get(result.job.model)
    if result.rival not in rows or us is None: return "Measured against the image before the corruption; higher is better."
    gap = us["psnr"] - rows[result.rival]["psnr"]
    winner = "The network" if gap > 0 else "The baseline"
    return f"**{winner} is nearer to the truth, by {abs(gap):.1f} dB** (the app did the corruption, so it knows the truth; higher is better)."


def doubt(made_up, spread, names):
    "What the two maps say, in plain words."
    share, worst = made_up.float().mean().item(), spread[made_up].max().item() if made_up.any() else 0.0
    asked = f"{len(names)} answers (" + ", ".join(f"`{name}`" for name in names) + ")"
    return (f"**{share:.0%} of the pixels are made up** (left, orange). {asked} differ there by up to {worst:.0%} of the range from black to white; "
            "the brighter the glow (right), the more they disagree.\n\n"
            "**None of this is evidence.** Where the models agree they may still all be wrong: they learnt from similar images.")
