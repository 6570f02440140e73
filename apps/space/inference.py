"""One request, from the upload to the result: the restored image, the baseline's, and what was made up."""
import functools
import math
import time
from dataclasses import dataclass, field, replace

import torch
from torch.nn import functional as F

from recon.checkpoints import load
from recon.colour_transfer import read_hint
from recon.core import ReconError
from recon.corruptions import build_corruption
from recon.images import Picture, PictureError, lab_to_rgb, read_picture, rgb_to_lab, to_floats, to_levels
from recon.metrics import measure
from recon.restore import Restored, Restorer

from .tasks import (
    AS_IT_IS, BRUSH, CORRUPT, FIND, RECTANGLE, TASKS, available_models, best_baseline, corruption_spec, finds_artifacts
)

MAX_BYTES = 20 * 2**20   # of an upload
MAX_PIXELS = 12_000_000  # likewise
MAX_CORRUPTED = 1024     # longer side of an image that the app corrupts itself
TIME_LIMIT = 120         # seconds for one network on one image
PREVIEW = 384            # longer side of the image that several models are asked about
CHANGED = 0.04           # difference, as a share of the range, beyond which a pixel counts as made up
NOTHING_MARKED = "Nothing is marked yet: brush over what should go."


class Deadline:
    "A progress callback that stops a restoration which takes too long."

    def __init__(self, seconds): self.end = time.monotonic() + seconds

    def __call__(self, done, total):
        if time.monotonic() > self.end:
            raise ReconError(f"This would take longer than {TIME_LIMIT} seconds here; use a smaller image, "
                             "or run `recon restore` on your own computer.")


@functools.lru_cache(maxsize=8)
def get_restorer(name, model_dir=None) -> Restorer:
    "The restorer of a model, kept for the next request."
    return Restorer(load(name, model_dir=model_dir), model_dir=model_dir)


@dataclass(frozen=True)
class Job:
    "Everything that a result is made from."
    task: str
    model: str
    picture: Picture                   # as the model gets it, in levels
    mask: torch.Tensor | None = None   # `[1, H, W]`, true where pixels are to be replaced
    truth: Picture | None = None       # known when the app applied the corruption
    hints: tuple = ()                  # `(x, y, colour)`
    corruption: str = ""               # spec of the corruption that the app applied
    model_dir: str | None = None


@dataclass
class Result:
    "Both restorations of an image, and what there is to say about them."
    job: Job
    before: torch.Tensor               # floats `[C, H, W]`, what both saw, at the size of the result
    restored: Picture
    seconds: float
    baseline: str = ""                 # its name; empty where there is none
    baseline_picture: Picture | None = None
    baseline_seconds: float = 0.0
    metrics: dict = field(default_factory=dict)  # who → metric → value; empty when nobody knows the truth
    notes: list = field(default_factory=list)


# Read the request

def read_upload(path):
    "The pixels of an uploaded file, and nothing else of it."
    if not path: raise PictureError("Choose an image first: one of the examples, or your own.")
    return read_picture(path, max_pixels=MAX_PIXELS, max_bytes=MAX_BYTES, levels=True)


def read_corners(text, size):
    "A rectangle `[1, H, W]` from two lines `x,y`, opposite corners in pixels."
    lines = [line for line in text.splitlines() if line.strip()]
    try: (x0, y0), (x1, y1) = ([int(number) for number in line.split(",")] for line in lines)
    except ValueError as e:
        raise ReconError("A rectangle needs two opposite corners: touch the image twice, "
                         "or write two lines like 120,80.") from e
    rows = slice(max(0, min(y0, y1)), max(0, max(y0, y1) + 1))
    columns = slice(max(0, min(x0, x1)), max(0, max(x0, x1) + 1))
    mask = torch.zeros(1, *size, dtype=torch.bool)
    mask[:, rows, columns] = True
    if not mask.any(): raise ReconError("The rectangle lies outside the image.")
    return mask


def read_mask(path, size):
    "What was brushed over, `[1, H, W]`: wherever a layer isn't transparent, or an image isn't black."
    if not path: raise ReconError(NOTHING_MARKED)
    drawn = read_picture(path, max_pixels=MAX_PIXELS, max_bytes=MAX_BYTES)
    if drawn.alpha is not None and drawn.alpha.min() < 1: cover = drawn.alpha
    else: cover = drawn.pixels.amax(0, keepdim=True) / 2 + 0.5
    mask = F.interpolate(cover[None], size, mode="bilinear", antialias=True)[0] > 0.3
    if not mask.any(): raise ReconError(NOTHING_MARKED)
    return mask


def prepare(path, task, model, mode, corruption="", seed=0, brushed=None, places="", model_dir=None) -> Job:
    "A job from what a visitor chose; raises `ReconError` with one sentence."
    if task not in TASKS or model not in available_models(model_dir).get(task, ()):
        raise ReconError(f"There is no model '{model}' for this task.")
    job = Job(task, model, read_upload(path), model_dir=model_dir)
    if mode == CORRUPT: return corrupt(job, corruption, seed)
    if mode == BRUSH: return replace(job, mask=read_mask(brushed, job.picture.size))
    if mode == RECTANGLE: return replace(job, mask=read_corners(places, job.picture.size))
    if mode == FIND and not finds_artifacts(model, model_dir):
        raise ReconError(f"{model} needs a mask; choose another model, or mark what should go yourself.")
    if mode not in (FIND, AS_IT_IS): raise ReconError(f"A request can't begin with '{mode}'.")
    return with_colours(job, places) if task == "colorize" else job


def with_colours(job, places):
    "A job for a colorizer: the colours of the visitor's image are the truth, its lines are hints."
    pixels = job.picture.pixels
    takes_hints = get_restorer(job.model, job.model_dir).takes_hints
    lines = [line for line in places.splitlines() if line.strip()] if takes_hints else []
    job = replace(job, hints=tuple(read_hint(line) for line in lines))
    if len(pixels) < 3: return job
    chroma = rgb_to_lab(to_floats(pixels)[None, :, ::4, ::4])[:, 1:]
    return replace(job, truth=job.picture, corruption="lightness") if chroma.abs().mean() > 2 else job


def corrupt(job, label, seed):
    "A job whose clean image the app corrupts first, so that the truth is known."
    if label not in TASKS[job.task].corruptions: raise ReconError(f"There is no corruption '{label}' for this task.")
    clean = to_floats(job.picture.pixels)
    dtype = job.picture.pixels.dtype
    shrink = MAX_CORRUPTED / max(job.picture.size)
    if shrink < 1:
        clean = F.interpolate(clean[None], scale_factor=shrink, mode="bicubic", antialias=True)[0].clamp(-1, 1)
    scale = get_restorer(job.model, job.model_dir).scale
    height, width = (side // scale * scale for side in clean.shape[1:])
    clean = clean[:, :height, :width]
    if not clean.numel(): raise PictureError(f"This image is too small to be shrunk {scale} times.")
    spec = corruption_spec(job.task, label, scale, min(height, width))
    corrupted, mask = build_corruption(spec)(clean[None], torch.Generator().manual_seed(int(seed)))
    known = mask is not None and job.task != "denoise"  # nobody tells a denoiser which pixels are wrong
    return replace(job, picture=replace(job.picture, pixels=to_levels(corrupted[0], dtype), alpha=None),
                   truth=replace(job.picture, pixels=to_levels(clean, dtype), alpha=None),
                   mask=mask[0] > 0.5 if known else None, corruption=spec)


# Answer it

def restore(job: Job) -> Restored:
    "Restore the image of a job; raises `ReconError` after `TIME_LIMIT` seconds."
    restorer = get_restorer(job.model, job.model_dir)
    return restorer(job.picture, job.mask, job.hints, progress=Deadline(TIME_LIMIT))


def input_at(job, size):
    "What both restorations began with, floats `[C, H, W]`, at the size of the result."
    x = to_floats(job.picture.pixels)
    if job.task == "colorize":
        lab = rgb_to_lab(x.expand(3, -1, -1)[None])
        return lab_to_rgb(torch.cat([lab[:, :1], torch.zeros_like(lab[:, 1:])], 1))[0]
    return x if x.shape[-2:] == size else F.interpolate(x[None], size, mode="nearest")[0]


def _estimated_corruption(job):
    "A spec like the corruption in the visitor's image, by which a baseline chooses its strength."
    if job.task == "colorize": return "lightness"
    if job.task == "super_resolve": return f"downscale(factor={get_restorer(job.model, job.model_dir).scale})"
    if job.task == "translate": return "none"
    if job.task != "denoise": return "center_hole(size=8)"
    from skimage.restoration import estimate_sigma

    pixels = to_floats(job.picture.pixels)[:, :512, :512] / 2 + 0.5
    if min(pixels.shape[1:]) < 8: return "gaussian_noise(sigma=0.1)"
    sigma = float(estimate_sigma(pixels.numpy(), channel_axis=0, average_sigmas=True))
    if math.isnan(sigma): sigma = 0.0  # of an image of one colour
    return f"gaussian_noise(sigma={min(1.0, max(0.05, round(sigma * 20) / 20))})"


def run_baseline(result):
    "Put the best baseline's answer into a result, or a note where none takes this image, or soon enough."
    job = result.job
    x = to_floats(job.picture.pixels)[None]
    spec = job.corruption or _estimated_corruption(job)
    found = best_baseline(job.model, job.task, spec, x.shape[-1] * x.shape[-2], job.model_dir)
    if found is None:
        result.notes.append("No baseline takes this image, or it would take too long.")
        return
    name, baseline = found
    if job.task == "colorize": x = build_corruption("lightness")(x).image
    mask = None if job.mask is None else job.mask[None].float()
    started = time.perf_counter()
    try: restored = baseline(x, mask)[0]
    except ReconError: raise  # says what is wrong itself
    except Exception as e:  # filters of several libraries, each with its own errors for images that are too small
        result.notes.append(f"The baseline {name} failed on this image ({type(e).__name__}).")
        return
    result.baseline_picture = replace(job.picture, pixels=restored, alpha=None)
    result.baseline_seconds = time.perf_counter() - started
    result.baseline = name


def complete(job: Job, restored: Restored) -> Result:
    "Put the baseline beside a restored image, and measure both where the truth is known."
    if job.mask is None: job = replace(job, mask=restored.mask)  # as the network found it
    before = input_at(job, restored.picture.size)
    result = Result(job, before, restored.picture, restored.seconds, notes=list(restored.notes))
    try: run_baseline(result)
    except ReconError as e: result.notes.append(f"No baseline could be asked: {e}")
    if job.truth is not None: result.metrics = _measured(result)
    return result


def _measured(result):
    "The metrics of the corrupted image, the baseline's and the network's; who → metric → value."
    truth = to_floats(result.job.truth.pixels)[None]
    names = ("psnr", "ssim") if min(truth.shape[-2:]) >= 11 else ("psnr",)
    images = {"corrupted": result.before}
    if result.baseline_picture is not None: images[result.baseline] = to_floats(result.baseline_picture.pixels)
    images[result.job.model] = to_floats(result.restored.pixels)
    return {who: measure(x[None], truth, names) for who, x in images.items() if x.shape == truth[0].shape}


def solve(job: Job) -> Result:
    "Both restorations, measured where the truth is known."
    return complete(job, restore(job))


# Ask several models

def _preview(job, side):
    "The same job on an image whose restoration takes less than a moment."
    shrink = side / max(job.picture.size)
    if shrink >= 1: return job
    size = [max(1, round(n * shrink)) for n in job.picture.size]
    pixels = F.interpolate(to_floats(job.picture.pixels)[None], size, mode="bicubic", antialias=True)[0]
    mask = None if job.mask is None else F.interpolate(job.mask[None].float(), size, mode="area")[0] > 0.25
    hints = tuple((int(x * shrink), int(y * shrink), colour) for x, y, colour in job.hints)
    small = replace(job.picture, pixels=to_levels(pixels, torch.uint8), alpha=None)
    return replace(job, picture=small, mask=mask, hints=hints)


def _mirrored(job):
    "The same job, seen in a mirror."
    last = job.picture.size[1] - 1
    picture = replace(job.picture, pixels=job.picture.pixels.flip(-1))
    mask = None if job.mask is None else job.mask.flip(-1)
    return replace(job, picture=picture, mask=mask, hints=tuple((last - x, y, colour) for x, y, colour in job.hints))


def _answer(job): return to_floats(restore(job).picture.pixels)


def opinions(job: Job, most=4):
    "The answers of the model, of the model to the mirrored image, and of others: name → floats `[C, H, W]`."
    mine = get_restorer(job.model, job.model_dir)
    answers = {job.model: _answer(job), f"{job.model}, mirrored": _answer(_mirrored(job)).flip(-1)}
    for name in available_models(job.model_dir)[job.task]:
        if len(answers) == most: break
        other = get_restorer(name, job.model_dir)
        alike = (other.out_channels == 1) == (mine.out_channels == 1) and other.scale == mine.scale
        if name == job.model or not alike: continue
        answers[name] = _answer(replace(job, model=name, hints=job.hints if other.takes_hints else ()))
    return answers


def invented(job: Job):
    "Made-up pixels `[1, H, W]`, how far the answers differ `[1, H, W]`, the image below both, and who was asked."
    job = _preview(job, PREVIEW // get_restorer(job.model, job.model_dir).scale)
    answers = opinions(job)
    images = torch.stack([*answers.values()])
    if job.mask is not None: made_up = job.mask
    else: made_up = (images[0] - input_at(job, tuple(images.shape[-2:]))).abs().mean(0, keepdim=True) / 2 > CHANGED
    if job.task == "translate": made_up = torch.ones_like(made_up)
    return made_up, images.std(0).mean(0, keepdim=True) / 2, images[0], [*answers]
