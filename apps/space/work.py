"""One request from the upload to the result: what is corrupted, both restorations of it, and what in it was made up."""
import functools
import math
import threading
import time
from dataclasses import dataclass, field, replace

import torch
from torch.nn import functional as F

from fill import fill
from tasks import TASKS, corruption_spec, finds, models_at_hand, rival
from recon.checkpoints import load
from recon.colour_transfer import read_hint
from recon.core import ReconError
from recon.corruptions import build_corruption
from recon.images import Picture, PictureError, lab_to_rgb, read_picture, rgb_to_lab, to_floats, to_levels
from recon.metrics import measure
from recon.restore import Restorer

MAX_BYTES, MAX_PIXELS = 20 * 2**20, 12_000_000  # of an upload
LARGEST = 1024                                  # side of an image that the app corruptions itself
SECONDS = 120                                   # for one network on one image
_CLOCK = threading.local()


def check_time():
    "Stop when the time of this request is over."
    if time.monotonic() > getattr(_CLOCK, "end", float("inf")):
        raise ReconError(f"This would take longer than {SECONDS} seconds here; use a smaller image, or run `recon restore` on your own computer.")


class Watched(Restorer):
    "A restorer that looks at the clock between two pieces."

    def pieces(self, *args):
        for piece in super().pieces(*args):
            check_time()
            yield piece


@functools.lru_cache(maxsize=8)
def restorer(name, model_dir=None): return Watched(load(name, model_dir=model_dir), model_dir=model_dir)


@dataclass(frozen=True)
class Job:
    "Everything that a result is made from."
    task: str
    model: str
    picture: Picture                   # as the model gets it, in levels
    mask: torch.Tensor | None = None   # `[1, H, W]`, true where pixels are to be replaced
    truth: Picture | None = None       # known when the app did the corruption
    hints: tuple = ()                  # `(x, y, colour)`
    spec: str = ""                     # of the corruption that the app did
    model_dir: str | None = None


@dataclass
class Result:
    "Both restorations of an image, and what there is to say about them."
    job: Job
    before: torch.Tensor               # floats `[C, H, W]`, what both saw, at the size of the result
    ours: Picture
    seconds: float
    classical: Picture | None
    rival: str
    rival_seconds: float
    metrics: dict = field(default_factory=dict) # who → metric → value; empty when nobody knows the truth
    notes: list = field(default_factory=list)


def read_upload(path):
    "The pixels of an uploaded file, and nothing else of it."
    if not path: raise PictureError("Choose an image first: one of the examples, or your own.")
    return read_picture(path, max_pixels=MAX_PIXELS, max_bytes=MAX_BYTES, levels=True)


def read_corners(text, size):
    "A rectangle `[1, H, W]` from two lines `x,y`, opposite corners in pixels."
    lines = [line for line in text.splitlines() if line.strip()]
    try: (a, b), (c, d) = ([int(n) for n in line.split(",")] for line in lines)
    except ValueError as e: raise ReconError("A rectangle needs two opposite corners: touch the image twice, or write two lines like 120,80.") from e
    (top, bottom), (left, right), mask = sorted((b, d)), sorted((a, c)), torch.zeros(1, *size, dtype=torch.bool)
    mask[:, max(0, top):max(0, bottom) + 1, max(0, left):max(0, right) + 1] = True
    if not mask.any(): raise ReconError("The rectangle lies outside the image.")
    return mask


def read_mask(path, size):
    "What was brushed over, `[1, H, W]`: wherever a layer isn't transparent, or an image isn't black."
    if not path: raise ReconError("Nothing is marked yet: brush over what should go.")
    drawn = read_picture(path, max_pixels=MAX_PIXELS, max_bytes=MAX_BYTES)
    see_through = drawn.alpha is not None and drawn.alpha.min() < 1
    mark = drawn.alpha if see_through else drawn.pixels.amax(0, keepdim=True) / 2 + 0.5
    mask = F.interpolate(mark[None], size, mode="bilinear", antialias=True)[0] > 0.3
    if not mask.any(): raise ReconError("Nothing is marked yet: brush over what should go.")
    return mask


@torch.no_grad()
def find(repairer, picture):
    "What the network itself would replace, `[1, H, W]`: it restores the image unasked, and changes these places most."
    see, before = repairer.sight, to_floats(picture.pixels)
    after = to_floats(repairer(picture).picture.pixels)
    side = [min(see.size, n) for n in picture.size] if repairer.fit == "whole" else picture.size
    small = [F.interpolate(v[None], tuple(side), mode="area") for v in (before, after)]
    changed = ((small[0] - small[1]).abs().mean(1, keepdim=True) / 2 > 0.15).float()
    opened = -F.max_pool2d(-changed, 3, 1, 1)
    mask = F.interpolate(F.max_pool2d(opened, 5, 1, 2) * F.max_pool2d(changed, 3, 1, 1), picture.size, mode="nearest")[0] > 0.5
    if not mask.any(): raise ReconError(f"{repairer.checkpoint.name} found nothing to remove; mark it with the brush or a rectangle instead.")
    return mask


def _damaged(picture, task, label, seed, repairer):
    "A clean image, corrupted by the app: the corrupted one, the mask, the truth, and the spec."
    clean, dtype = to_floats(picture.pixels), picture.pixels.dtype
    if max(picture.size) > LARGEST:
        clean = F.interpolate(clean[None], scale_factor=LARGEST / max(picture.size), mode="bicubic", antialias=True)[0].clamp(-1, 1)
    scale = repairer.sight.scale
    clean = clean[:, :clean.shape[1] // scale * scale, :clean.shape[2] // scale * scale]
    if not clean.numel(): raise PictureError(f"This image is too small to be shrunk {scale} times.")
    spec = corruption_spec(task, label, scale, min(clean.shape[-2:]))
    y, mask = build_corruption(spec)(clean[None], torch.Generator().manual_seed(int(seed)))
    keep = dict(alpha=None)
    mask = None if mask is None or task == "denoise" else mask[0] > 0.5
    return replace(picture, pixels=to_levels(y[0], dtype), **keep), mask, replace(picture, pixels=to_levels(clean, dtype), **keep), spec


def prepare(path, task, model, way, corruption="", seed=0, layer=None, places="", model_dir=None) -> Job:
    "A job from what a visitor chose; raises `ReconError` with one sentence."
    if task not in TASKS or model not in models_at_hand(model_dir).get(task, ()): raise ReconError(f"There is no model '{model}' for this task.")
    picture, repairer = read_upload(path), restorer(model, model_dir)
    make = functools.partial(Job, task, model, model_dir=model_dir)
    if way == "add":
        if corruption not in (TASKS[task].corruptions or {}): raise ReconError(f"There is no corruption '{corruption}' for this task.")
        picture, mask, truth, spec = _damaged(picture, task, corruption, seed, repairer)
        return make(picture, mask, truth, spec=spec)
    if way == "brush": return make(picture, read_mask(layer, picture.size))
    if way == "rectangle": return make(picture, read_corners(places, picture.size))
    if way == "find":
        if not finds(model, model_dir): raise ReconError(f"{model} has to be told where to draw; choose another model, or mark it yourself.")
        return make(picture, find(repairer, picture))
    if task == "colorize":
        colourful = len(picture.pixels) == 3 and rgb_to_lab(to_floats(picture.pixels)[None, :, ::4, ::4])[:, 1:].abs().mean() > 2
        return make(picture, truth=picture if colourful else None, spec="lightness" if colourful else "",
                    hints=tuple(read_hint(line) for line in places.splitlines() if line.strip()) if repairer.takes_hints else ())
    return make(picture)


def first_finder(model_dir=None):
    "The best model that sees by itself what to remove; empty if there is none."
    return next((name for name in models_at_hand(model_dir)["artifact"] if finds(name, model_dir)), "")


def repair(job: Job):
    "The network's answer: image, seconds and notes."
    repairer, started = restorer(job.model, job.model_dir), time.perf_counter()
    _CLOCK.end = time.monotonic() + SECONDS
    inpaints = job.mask is not None and repairer.sight.scale == 1 and repairer.fit == "whole"
    if inpaints and job.picture.size != (repairer.sight.size,) * 2:
        y = fill(repairer, to_floats(job.picture.pixels), job.mask, check_time)
        return replace(job.picture, pixels=to_levels(y, job.picture.pixels.dtype)), time.perf_counter() - started, []
    planes = job.picture.pixels.split(1)
    if job.task == "denoise" and repairer.sight.channels == 1 < len(planes):  # noise is in each of the three colours
        y = torch.cat([repairer(replace(job.picture, pixels=plane, alpha=None)).picture.pixels for plane in planes])
        return replace(job.picture, pixels=y), time.perf_counter() - started, [f"{job.model} sees grey images; it was shown red, green and blue one by one."]
    done = repairer(job.picture, job.mask, job.hints)
    notes = [n for n in done.notes if not n.endswith("own were ignored.")]  # that is what colorizing means
    return done.picture, time.perf_counter() - started, notes


def seen(job, size):
    "What both restorations began with, at the size of the result, `[C, H, W]`."
    x = to_floats(job.picture.pixels)
    if job.task == "colorize":
        lab = rgb_to_lab(x.expand(3, -1, -1)[None])
        return lab_to_rgb(torch.cat([lab[:, :1], torch.zeros_like(lab[:, 1:])], 1))[0]
    return x if x.shape[-2:] == size else F.interpolate(x[None], size, mode="nearest")[0]


def classical(job: Job):
    "The best baseline's answer: image, its name and seconds; without an image where none takes this one, or soon enough."
    x, mask = to_floats(job.picture.pixels)[None], None if job.mask is None else job.mask[None].float()
    spec = job.spec or _guess(job, x)
    found = best_baseline(job.model, spec, x.shape[-1] * x.shape[-2], job.model_dir)
    if found is None: return None, "", 0.0
    kind, method = found
    if job.task == "colorize": x = build_corruption("lightness")(x).image
    started = time.perf_counter()
    y = method(x, mask)[0]
    return replace(job.picture, pixels=y, alpha=None), kind, time.perf_counter() - started


def _guess(job, x):
    "A corruption like the one at hand, by which a baseline may choose its strength."
    if job.task != "denoise":
        return {"colorize": "lightness", "enlarge": "downscale(factor=4)", "translate": "none"}.get(job.task, "center_hole(size=8)")
    from skimage.restoration import estimate_sigma

    if min(x.shape[-2:]) < 8: return "gaussian_noise(sigma=0.1)"
    sigma = float(estimate_sigma((x[0, :, :512, :512] / 2 + 0.5).numpy(), channel_axis=0, average_sigmas=True))
    sigma = 0.0 if math.isnan(sigma) else sigma  # of an image of one colour
    return f"gaussian_noise(sigma={min(1.0, max(0.05, round(sigma * 20) / 20))})"


def solve(job: Job, answer=None) -> Result:
    "Both restores, measured where the truth is known; `answer` is what `repair` gave, if it was asked already."
    ours, seconds, notes = answer or repair(job)
    try: other, kind, rival_seconds = classical(job)
    except ReconError as e: other, kind, rival_seconds = None, "", 0.0; notes.append(f"No baseline could be asked: {e}")
    else:
        if other is None: notes.append("No baseline takes this image, or it would take too long.")
    before = seen(job, ours.size)
    result = Result(job, before, ours, seconds, other, kind, rival_seconds, notes=notes)
    if job.truth is not None:
        truth = to_floats(job.truth.pixels)[None]
        names = ("psnr", "ssim") if min(truth.shape[-2:]) >= 11 else ("psnr",)
        rows = {"corrupted": before, kind: other and other.pixels, job.model: to_floats(ours.pixels)}
        result.metrics = {who: measure(y[None], truth, names) for who, y in rows.items() if y is not None and y.shape == truth[0].shape}
    return result


def _small(job, side=384):
    "The same job on an image whose restore takes less than a moment."
    shrink = side / max(job.picture.size)
    if shrink >= 1: return job
    size = [max(1, round(n * shrink)) for n in job.picture.size]
    pixels = F.interpolate(to_floats(job.picture.pixels)[None], size, mode="bicubic", antialias=True)[0]
    mask = None if job.mask is None else F.interpolate(job.mask[None].float(), size, mode="area")[0] > 0.25
    hints = tuple((int(x * shrink), int(y * shrink), colour) for x, y, colour in job.hints)
    return replace(job, picture=replace(job.picture, pixels=to_levels(pixels, torch.uint8), alpha=None), mask=mask, hints=hints)


def _mirrored(job):
    "The same job, seen in a mirror."
    width = job.picture.size[1]
    return replace(job, picture=replace(job.picture, pixels=job.picture.pixels.flip(-1)), mask=None if job.mask is None else job.mask.flip(-1),
                   hints=tuple((width - 1 - x, y, colour) for x, y, colour in job.hints))


def opinions(job: Job, most=3):
    "What the model, the model with a mirror, and other models for the task make of it: names, and floats `[N, C, H, W]`."
    job = _small(job, 384 // restorer(job.model, job.model_dir).sight.scale)
    grey = restorer(job.model, job.model_dir).sight.out == 1
    answers = {job.model: to_floats(repair(job)[0].pixels), f"{job.model}, mirrored": to_floats(repair(_mirrored(job))[0].pixels).flip(-1)}
    for name in models_at_hand(job.model_dir)[job.task]:
        if len(answers) > most: break
        see = restorer(name, job.model_dir).sight
        if name == job.model or (see.out == 1) != grey or see.scale != restorer(job.model, job.model_dir).sight.scale: continue
        hints = job.hints if restorer(name, job.model_dir).takes_hints else ()
        answers[name] = to_floats(repair(replace(job, model=name, hints=hints))[0].pixels)
    return [*answers], torch.stack([*answers.values()]), job


def invented(job: Job):
    "Which pixels were made up `[1, H, W]`, how far opinions differ `[1, H, W]`, the image they lie on, and who was asked."
    names, answers, job = opinions(job)
    before = seen(job, tuple(answers.shape[-2:]))
    made_up = job.mask if job.mask is not None else (answers[0] - before).abs().mean(0, keepdim=True) / 2 > 0.04
    if job.task == "translate": made_up = torch.ones_like(made_up)
    return made_up, answers.std(0).mean(0, keepdim=True) / 2, answers[0], names
