"""What can be restored, by which model, and beside which baseline: all of it found in the recipes and cards."""
import functools
import re
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from recon.baselines import build_baseline
from recon.checkpoints import checkpoint_folders, load, read_card
from recon.core import DataError, ReconError, parse_spec
from recon.corruptions import build_corruption
from recon.data import load_data
from recon.filters import BASELINES, PCA, MeanPicture, Wiener
from recon.image_sets import INFO
from recon.recipes import Recipe, recipe_from_dict


@dataclass(frozen=True)
class Task:
    "A kind of restoration, in words for people."
    title: str            # as the chooser shows it
    what: str             # one line under it
    own: dict             # ways to begin with a visitor's own corruption: what it is called → `own`, `brush`, `rectangle` or `find`
    added: str = ""       # how it is called when the app corrupts a clean image first; empty: it can't
    corruptions: dict = None  # what it may do: name → spec, sizes as a share of the shorter side in braces
    rival: str = ""       # the baseline where card and recipe name none; empty: there is none for images of any size


MARK = {"What I brush over": "brush", "A rectangle": "rectangle"}
TASKS = {
    "artifact": Task("Remove an artifact", "Scratches, stains, a stamp: something covers the image.",
                     {**MARK, "Whatever the model finds": "find"}, "Scratches that the app draws",
                     {"Thin scratches": "free_form(strokes=4, width=(0.006, 0.014), length=(0.2, 0.5))",
                      "Broad strokes": "free_form(strokes=3, width=(0.03, 0.05))", "White rectangle": "rectangle(size={0.2})"}, "telea"),
    "denoise": Task("Denoise", "Grain, as in a photograph taken in the dark.", {"The noise that is in it": "own"}, "Noise that the app adds",
                    {"Strong noise": "gaussian_noise(sigma=0.2)", "Little noise": "gaussian_noise(sigma=0.1)",
                     "Very strong noise": "gaussian_noise(sigma=0.5)", "Salt and pepper": "salt_and_pepper(amount=0.1)"}, "tv"),
    "hole": Task("Fill a hole", "A piece is missing; the model draws something that fits.", MARK, "A hole that the app cuts",
                 {"Square in the middle": "center_hole(size={0.25})", "Small square": "center_hole(size={0.1})",
                  "Torn strips": "free_form(strokes=2, width=(0.04, 0.06), value=0.0)"}, "telea"),
    "enlarge": Task("Enlarge", "More pixels than there are; detail that was never recorded is made up.", {"The image as it is": "own"},
                    "First shrink it, to compare with the truth", {"Fewer pixels": "downscale"}, "bicubic"),
    "colorize": Task("Colorize", "Colours for a black-and-white image. Touch it to say what you wish.", {"The image's lightness": "own"},
                     rival="mean_colour"),
    "translate": Task("Translate", "From one kind of image to another.", {"The image as it is": "own"}),
}
# The more kinds of things a model has seen, the likelier it has seen yours.
KINDS = ("photos", "cifar", "faces")


def _set_of(recipe): return re.match(r"[\w.-]*", recipe.data)[0]  # without its options, and whether it is turned round or parted


def task_of(recipe: Recipe) -> str:
    "Which task a recipe's network does: a key of `TASKS`, or nothing."
    if recipe.task not in ("repair", "translate"): return ""
    name = _set_of(recipe)
    if recipe.task == "translate" or (name in INFO and INFO[name].kind != "images"): return "translate"
    return _damage_is(recipe.corruption, recipe.size, recipe.channels)


@functools.cache
def _damage_is(spec, size, channels):
    "What a corruption does to images of chance decides which task undoes it."
    x = torch.rand(8, channels, size, size, generator=torch.Generator().manual_seed(0)) * 1.8 - 0.9
    y, mask = build_corruption(spec)(x, torch.Generator().manual_seed(0))
    if y.shape[-2:] != x.shape[-2:]: return "enlarge" if y.ndim == 4 and y.shape[-1] > 1 else ""
    if channels == 3 and (len(y[0]) != 3 or torch.equal(y[:, 0], y[:, 2])): return "colorize"
    if mask is None: return "denoise" if 2 < len(y.unique()) and not torch.equal(x, y) else ""  # black and white dots aren't noise
    whole_squares = -F.max_pool2d(-mask, 2, 1)
    if whole_squares.mean() < 0.3 * mask.mean(): return "denoise"  # single pixels, here and there
    return "hole" if (mask == mask[:1]).all() else "artifact"


def _standing(recipe, card):
    "The smaller the better: how narrow its data, whether it must shrink the image, who taught it, then its error."
    kind = next((i for i, kind in enumerate(KINDS) if recipe.data.startswith(kind)), len(KINDS))
    metrics = card.get("metrics", {})
    # Where many answers are possible a fog has the least error, and what only a critic taught is nearest to the crowd of
    # photographs: first come those that had both.
    alone = "cifar10_kid" in metrics and (not recipe.discriminator or parse_spec(recipe.objective)[1].get("content_weight") == 0)
    return kind, -recipe.channels, recipe.fit == "whole", -recipe.size, alone, metrics.get("cifar10_kid", metrics.get("mse", 1.0))


@functools.lru_cache(maxsize=8)
def cards(model_dir=None) -> dict:
    "Recipe and card of every checkpoint that can be read: a broken one must not stop the others."
    found = {}
    for name, folder in checkpoint_folders(model_dir).items():
        try: card = read_card(folder); found[name] = recipe_from_dict(card["recipe"]), card
        except ReconError: pass
    return found


@functools.lru_cache(maxsize=8)
def models_at_hand(model_dir=None) -> dict[str, list[str]]:
    "The tasks that somebody can do, and who, best first."
    found = {}
    for name, (recipe, card) in cards(model_dir).items():
        try: task = task_of(recipe)
        except ReconError: continue
        # Whoever fills holes also removes what it is told to remove.
        for each in {task, "artifact"} if task == "hole" else {task}: found.setdefault(each, []).append((_standing(recipe, card), name))
    return {task: [name for _, name in sorted(found[task])] for task in TASKS if task in found}


def finds(name, model_dir=None) -> bool:
    "Whether a model sees by itself what to remove."
    return task_of(cards(model_dir)[name][0]) == "artifact"


def corruption_spec(task, label, scale, side) -> str:
    "What a choice in the menu means for an image of that side."
    spec = TASKS[task].corruptions[label]
    if spec == "downscale": return f"downscale(factor={scale})"
    return re.sub(r"\{([\d.]+)\}", lambda share: str(max(1, round(float(share[1]) * side))), spec)


def pictures_for(checkpoint, n=64):
    "Test images that the checkpoint brings, `[N, C, H, W]`; else embedded ones that resemble its data."
    if len(own := checkpoint.examples()): return own[:n]
    recipe = checkpoint.recipe
    kin = [name for name, info in INFO.items() if info.embedded and info.kind == "images" and name.split("-")[0] == recipe.data.rstrip("0123456789")]
    x = load_data((kin or ["photos-tiny" if recipe.channels == 3 else "digits28"])[0], "all", size=recipe.size, channels=recipe.channels).stack()
    return x[::max(1, len(x) // n)][:n]


def pairs_for(recipe, n=64):
    "Images of both sides of a translation, or of the drawn set that stands in for it, two of `[N, C, H, W]`; raises `ReconError` without either."
    name, turned = _set_of(recipe), ":reversed" * (":reversed" in recipe.data)
    load = lambda name: load_data(name + turned, "test", size=recipe.size, channels=recipe.channels).stack(n)
    try: return load(name)
    except DataError:
        if f"{name}-toy" not in INFO: raise
        return load(f"{name}-toy")


def _lessons(checkpoint, spec):
    "Clean and corrupted examples for baselines that learn, small enough to be quick."
    if task_of(checkpoint.recipe) == "translate":
        a, b = pairs_for(checkpoint.recipe, 16)
        return b, a, None
    clean = pictures_for(checkpoint, 12)[..., :64, :64]
    return clean, *build_corruption(spec)(clean, torch.Generator().manual_seed(0))


def _ranked(checkpoint):
    "Baselines of a card, best first, each with its milliseconds for a pixel."
    card, recipe = checkpoint.card, checkpoint.recipe
    measured = card.get("baselines", {})
    key = "mse_hole" if any("mse_hole" in row for row in measured.values()) else "mse"
    names = sorted(measured, key=lambda n: measured[n].get(key, 1e9)) or [*recipe.baselines]
    baselines = [n for n in dict.fromkeys([*names, TASKS[task_of(recipe)].rival]) if n and n != "identity" and parse_spec(n)[0] in BASELINES]
    return [(n, measured.get(n, {}).get("ms", 1.0) / recipe.size**2) for n in baselines]


@functools.lru_cache(maxsize=64)
def _fitted(name, kind, spec, model_dir):
    "A baseline that has learnt its strength from examples, or `None` if it can't take other sizes."
    if isinstance(build_baseline(kind), (MeanPicture, PCA, Wiener)): return None
    clean, corrupted, mask = _lessons(load(name, model_dir=model_dir), spec)
    larger = [None if v is None else F.pad(v[:1], (0, 16, 0, 8)) for v in (corrupted, mask)]
    try:
        method = build_baseline(kind).fit(clean, corrupted, mask)
        y, wider = method(corrupted[:1], None if mask is None else mask[:1]), method(*larger)
    except (ReconError, RuntimeError): return None
    return method if wider.shape[-1] * corrupted.shape[-1] == y.shape[-1] * larger[0].shape[-1] else None


def best_baseline(name, spec, pixels, model_dir=None, patience=15.0):
    "The best baseline by the card that takes images of any size and needs less than `patience` seconds for so many pixels."
    for kind, ms in _ranked(load(name, model_dir=model_dir)):
        if ms * pixels < 1000 * patience and (method := _fitted(name, kind, spec, model_dir)): return kind, method
    return None
