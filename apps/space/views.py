"""How results are shown: images of a size for the screen, maps of doubt, tables and sentences."""
import re

import torch
from PIL import Image, ImageDraw
from torch.nn import functional as F

from recon.images import to_floats, to_pil

from .files import SUFFIXES

BOARD = 720    # longer side of the image that is touched or brushed over
LARGEST = 1024  # longer side of what is sent to the browser; the file to download has every pixel
MARK = "#ff6a00"
PLACE = re.compile(r"\s*(\d+)\s*,\s*(\d+)\s*(?:,\s*(#[0-9a-fA-F]{6}|[a-z]+)\s*)?")


def for_screen(x):
    "A PIL image for the screen: large ones smaller, small ones larger, pixels staying pixels."
    x = to_floats(x)
    side = max(x.shape[-2:])
    if side > LARGEST: x = F.interpolate(x[None], scale_factor=LARGEST / side, mode="area")[0]
    times = max(1, 320 // side)
    return to_pil(x.clamp(-1, 1).repeat_interleave(times, -1).repeat_interleave(times, -2))


def thumbnail(x, side):
    "A PIL image of at most that many pixels a side."
    image = to_pil(x)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return image


def hex_colour(chosen):
    "What a colour picker gives, `#c03020` or `rgba(192.1, 48, 32, 1)`, in one form."
    if chosen.startswith("#"): return chosen[:7]
    numbers = [float(n) for n in re.findall(r"[\d.]+", chosen)[:3]]
    return "#" + "".join(f"{min(255, round(n)):02x}" for n in numbers)


def read_places(text):
    "Places and colours of the lines `x,y` or `x,y,colour` that can be read."
    found = [match for line in (text or "").splitlines() if (match := PLACE.fullmatch(line))]
    return [(int(match[1]), int(match[2])) for match in found], [match[3] or MARK for match in found]


def file_label(picture):
    "What the button says about the file."
    height, width = picture.size
    kind = picture.format if picture.format in SUFFIXES else "PNG"
    return f"Download the result: {width} × {height} pixels, {kind}"


def heat_map(share, picture):
    "A map `[1, H, W]` in [0, 1] as light, from red to yellow, over the darkened image."
    ground = (picture.mean(0, keepdim=True) + 1) / 2 * 0.45 * (1 - share)
    glow = torch.cat([(2 * share).clamp(max=1), (2 * share - 0.7).clamp(0, 1), 0.1 * share])
    return for_screen((ground + glow).clamp(0, 1) * 2 - 1)


def tinted(made_up, picture):
    "The image in grey, what was made up in orange."
    grey = (picture.mean(0, keepdim=True) + 1) / 2
    orange = torch.tensor([1.0, 0.45, 0.1]).view(3, 1, 1)
    return for_screen(torch.where(made_up, 0.35 * grey + 0.65 * orange, grey.expand(3, -1, -1)) * 2 - 1)


def board(x):
    "A PIL image to touch or to brush over, small ones enlarged: a brush is as wide on each."
    image = to_pil(x)
    scale = board_scale(image.size)
    return image.resize([max(1, round(n / scale)) for n in image.size], Image.Resampling.BICUBIC)


def board_scale(size):
    "How many pixels of an image one pixel of its board stands for."
    return max(size) / BOARD


def with_marks(x, places, colours, frame):
    "The board of an image with the dots, or the frame between two corners, that a visitor asked for."
    scale = board_scale(x.shape[-2:])
    image = board(x).convert("RGB")
    places = [(left / scale, top / scale) for left, top in places]
    pen = ImageDraw.Draw(image)
    radius = max(3, max(image.size) // 90)
    for (left, top), colour in zip(places, colours):
        box = [left - radius, top - radius, left + radius, top + radius]
        pen.ellipse(box, fill=colour, outline="white", width=max(1, radius // 3))
    if frame and len(places) > 1:
        (x0, y0), (x1, y1) = places[:2]
        pen.rectangle([min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)], outline=MARK, width=max(2, radius // 2))
    return image


def duration(seconds): return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def verdict(result):
    "One sentence, a table of times and metrics, and the notes."
    metrics = next(iter(result.metrics.values()), {})
    rows = []
    if metrics: rows.append(_row("Corrupted", "", result.metrics["corrupted"], metrics))
    if result.baseline:
        values = result.metrics.get(result.baseline, {})
        rows.append(_row(f"Baseline: {result.baseline}", duration(result.baseline_seconds), values, metrics))
    values = result.metrics.get(result.job.model, {})
    rows.append(_row(f"Network: {result.job.model}", duration(result.seconds), values, metrics))
    head = _line(["", "time", *(name.upper() for name in metrics)])
    table = "\n".join([head, "|" + "---|" * (2 + len(metrics)), *rows])
    return "\n\n".join([_sentence(result), table, *(f"*{note}*" for note in result.notes)])


def _row(label, time, values, metrics):
    "A line of the table; empty where somebody has no value."
    formats = {"psnr": "{:.2f} dB"}
    numbers = [formats.get(name, "{:.3f}").format(values[name]) if name in values else "" for name in metrics]
    return _line([label, time, *numbers])


def _line(columns): return "| " + " | ".join(columns) + " |"


def _sentence(result):
    "Who is nearer to the truth, or why nobody can say."
    if not result.metrics:
        return ("Nobody knows what this image looked like before, so nothing can be measured: compare, and doubt the "
                "details.")
    if result.baseline not in result.metrics or result.job.model not in result.metrics:
        return "Measured against the image before the corruption; higher is better."
    gap = result.metrics[result.job.model]["psnr"] - result.metrics[result.baseline]["psnr"]
    winner = "The network" if gap > 0 else "The baseline"
    return (f"**{winner} is nearer to the truth, by {abs(gap):.1f} dB** (the app applied the corruption, so it "
            "knows the truth; higher is better).")


def invented_summary(made_up, deviation, names):
    "What the two maps say, in plain words."
    share = made_up.float().mean().item()
    worst = deviation[made_up].max().item() if made_up.any() else 0.0
    asked = f"{len(names)} answers (" + ", ".join(f"`{name}`" for name in names) + ")"
    return (f"**{share:.0%} of the pixels are made up** (left, orange). {asked} differ there by up to {worst:.0%} of "
            "the range from black to white; the brighter the glow (right), the more they disagree.\n\n"
            "**None of this is evidence.** Where the models agree they may still all be wrong: they learnt from "
            "similar images.")
