"""What can be restored, by which model, and beside which baseline: found in recipes and cards."""
import functools
import re
from dataclasses import dataclass, field

import torch
from torch.nn import functional as F

from recon.baselines import build_baseline
from recon.checkpoints import checkpoint_folders, load, read_card
from recon.core import DataError, ReconError, parse_spec
from recon.corruptions import build_corruption
from recon.data import load_data
from recon.filters import BASELINES, PCA, MeanImage, Wiener
from recon.image_sets import INFO
from recon.recipes import Recipe, recipe_from_dict
from recon.restore import example_images

# How a request begins: the app corrupts a clean image; the image is taken as it is; what is to be replaced is brushed
# over, framed by a rectangle, or found by the model.
CORRUPT = "corrupt"
AS_IT_IS = "as_it_is"
BRUSH = "brush"
RECTANGLE = "rectangle"
FIND = "find"


@dataclass(frozen=True)
class Task:
    "A task of the recipes, in words for people."
    title: str                                       # as the chooser shows it
    description: str                                 # one line under it
    modes: dict                                      # label → how a request with the visitor's own corruption begins
    corrupt_label: str = ""                          # label of `CORRUPT`; empty: the app corrupts nothing
    corruptions: dict = field(default_factory=dict)  # label → spec; sizes in braces as a share of the shorter side
    baseline: str = ""                               # where card and recipe name none; empty: none takes every size


POINT = {"What I brush over": BRUSH, "A rectangle": RECTANGLE}
TASKS = {
    "remove_artifact": Task(
        "Remove an artifact", "Scratches, stains, a stamp: something covers the image.",
        {**POINT, "Whatever the model finds": FIND}, "Scratches that the app draws",
        {"Thin scratches": "free_form(strokes=4, width=(0.006, 0.014), length=(0.2, 0.5))",
         "Broad strokes": "free_form(strokes=3, width=(0.03, 0.05))",
         "White rectangle": "rectangle(size={0.2})"}, "telea"),
    "denoise": Task(
        "Denoise", "Grain, as in a photograph taken in the dark.",
        {"The noise that is in it": AS_IT_IS}, "Noise that the app adds",
        {"Strong noise": "gaussian_noise(sigma=0.2)", "Little noise": "gaussian_noise(sigma=0.1)",
         "Very strong noise": "gaussian_noise(sigma=0.5)", "Salt and pepper": "salt_and_pepper(amount=0.1)"}, "tv"),
    "inpaint": Task(
        "Fill a hole", "A piece is missing; the model draws something that fits.",
        POINT, "A hole that the app cuts",
        {"Square in the middle": "center_hole(size={0.25})", "Small square": "center_hole(size={0.1})",
         "Torn strips": "free_form(strokes=2, width=(0.04, 0.06), value=0.0)"}, "telea"),
    "super_resolve": Task(
        "Enlarge", "More pixels than there are; detail that was never recorded is made up.",
        {"The image as it is": AS_IT_IS}, "First shrink it, to compare with the truth",
        {"Fewer pixels": "downscale"}, "bicubic"),
    "colorize": Task(
        "Colorize", "Colours for a black-and-white image. Touch it to choose the colour of a place.",
        {"The image's lightness": AS_IT_IS}, baseline="mean_colour"),
    "translate": Task(
        "Translate", "From one kind of image to another.", {"The image as it is": AS_IT_IS}),
}
# The more kinds of things a model has seen, the likelier it has seen yours.
BROAD_SETS = ("photos", "cifar", "faces")


def input_modes(task):
    "How a request for a task may begin, as `(label, mode)`, the default first."
    modes = list(TASKS[task].modes.items())
    return [(TASKS[task].corrupt_label, CORRUPT), *modes] if TASKS[task].corruptions else modes


def tasks_of(recipe: Recipe) -> list[str]:
    "The tasks in which a recipe's network is offered; whoever fills holes also removes what a mask covers."
    names = [recipe.task, "remove_artifact"] if recipe.task == "inpaint" else [recipe.task]
    return [name for name in names if name in TASKS]


def _rank(recipe, card):
    "The smaller the better: how narrow its data, whether it must shrink the image, how it was trained, its error."
    breadth = next((i for i, name in enumerate(BROAD_SETS) if recipe.data.startswith(name)), len(BROAD_SETS))
    metrics = card.get("metrics", {})
    # Where many answers are possible a blurred one has the least squared error, and a purely adversarial one the least
    # distance between distributions: first come models trained for both.
    content_weight = parse_spec(recipe.objective)[1].get("content_weight")
    one_sided = "cifar10_kid" in metrics and (not recipe.discriminator or content_weight == 0)
    error = metrics.get("cifar10_kid", metrics.get("mse", 1.0))
    return breadth, -recipe.channels, recipe.fit == "resize", -recipe.size, one_sided, error


@functools.lru_cache(maxsize=8)
def read_cards(model_dir=None) -> dict:
    "Recipe and card of every checkpoint that can be read: a broken one must not stop the others."
    found = {}
    for name, folder in checkpoint_folders(model_dir).items():
        try:
            card = read_card(folder)
            found[name] = recipe_from_dict(card["recipe"]), card
        except ReconError: pass
    return found


@functools.lru_cache(maxsize=8)
def available_models(model_dir=None) -> dict[str, list[str]]:
    "Task → the models that do it, best first; only tasks that have one."
    ranked = {}
    for name, (recipe, card) in read_cards(model_dir).items():
        for task in tasks_of(recipe): ranked.setdefault(task, []).append((_rank(recipe, card), name))
    return {task: [name for _, name in sorted(ranked[task])] for task in TASKS if task in ranked}


def finds_artifacts(name, model_dir=None) -> bool:
    "Whether a model sees by itself what to remove."
    return read_cards(model_dir)[name][0].task == "remove_artifact"


def models_for(task, mode, model_dir=None):
    "The models that can do a task which begins this way, best first."
    names = available_models(model_dir)[task]
    if mode != FIND: return names
    return [name for name in names if finds_artifacts(name, model_dir)] or names


def corruption_spec(task, label, scale, side) -> str:
    "The spec of a corruption chosen by its label, for an image with that shorter side."
    spec = TASKS[task].corruptions[label]
    if spec == "downscale": return f"downscale(factor={scale})"
    return re.sub(r"\{([\d.]+)\}", lambda share: str(max(1, round(float(share[1]) * side))), spec)


def example_pairs(recipe, n=64):
    "Images of both sides of a translation, two of `[N, C, H, W]`; the drawn set stands in for an absent one."
    name = re.match(r"[\w.-]*", recipe.data)[0]
    reversal = ":reversed" if ":reversed" in recipe.data else ""

    def read(name): return load_data(name + reversal, "test", size=recipe.size, channels=recipe.channels).stack(n)

    try: return read(name)
    except DataError:
        if f"{name}-toy" not in INFO: raise
        return read(f"{name}-toy")


# Baselines

def _training_images(checkpoint, spec):
    "Clean and corrupted examples and masks for baselines that learn, small enough to be quick."
    if checkpoint.recipe.task == "translate":
        corrupted, clean = example_pairs(checkpoint.recipe, 16)
        return clean, corrupted, None
    clean = example_images(checkpoint, 12)[..., :64, :64]
    corrupted, mask = build_corruption(spec)(clean, torch.Generator().manual_seed(0))
    return clean, corrupted, mask


def _baselines_by_error(checkpoint, task):
    "Baselines of a card, best first, each with its milliseconds for a pixel."
    recipe = checkpoint.recipe
    measured = checkpoint.card.get("baselines", {})
    key = "mse_hole" if any("mse_hole" in row for row in measured.values()) else "mse"
    names = sorted(measured, key=lambda name: measured[name].get(key, 1e9)) or [*recipe.baselines]
    names = dict.fromkeys([*names, TASKS[task].baseline])  # each once
    known = [name for name in names if name and name != "identity" and parse_spec(name)[0] in BASELINES]
    return [(name, measured.get(name, {}).get("ms", 1.0) / recipe.size**2) for name in known]


@functools.lru_cache(maxsize=64)
def _fitted_baseline(model, name, spec, model_dir):
    "A baseline that has chosen its strength by examples, or `None` if it takes images of one size only."
    if isinstance(build_baseline(name), (MeanImage, PCA, Wiener)): return None
    clean, corrupted, mask = _training_images(load(model, model_dir=model_dir), spec)
    first_mask = None if mask is None else mask[:1]
    larger = F.pad(corrupted[:1], (0, 16, 0, 8))
    larger_mask = None if mask is None else F.pad(first_mask, (0, 16, 0, 8))
    try:
        baseline = build_baseline(name).fit(clean, corrupted, mask)
        same = baseline(corrupted[:1], first_mask)
        other = baseline(larger, larger_mask)
    except (ReconError, RuntimeError): return None
    grows_alike = other.shape[-1] * corrupted.shape[-1] == same.shape[-1] * larger.shape[-1]
    return baseline if grows_alike else None


def best_baseline(model, task, spec, pixels, model_dir=None, patience=15.0):
    "The best baseline of a card for images of any size that needs less than `patience` seconds for so many pixels."
    for name, milliseconds in _baselines_by_error(load(model, model_dir=model_dir), task):
        if milliseconds * pixels >= 1000 * patience: continue
        baseline = _fitted_baseline(model, name, spec, model_dir)
        if baseline is not None: return name, baseline
    return None
