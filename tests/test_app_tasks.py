"""What the app finds out about recipes, and its pure functions, without a server."""
import ast
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from recon.checkpoints import checkpoint_names, save_checkpoint
from recon.core import ReconError
from recon.corruptions import build_corruption
from recon.data import load_data
from recon.images import Picture, save_picture, to_floats, to_levels
from recon.metrics import measure
from recon.recipes import TASKS, Recipe, build_network, get_recipe, recipe_names

FACTS = dict(title="A toy", chapter="tests", data="photos-tiny", network="none", size=64, channels=3)


def toy(**changes): return Recipe(name="toy", **{**FACTS, **changes})


@pytest.mark.parametrize("task", TASKS)
def test_a_recipe_says_where_it_is_offered(app, task):
    own = [task] if task in app.tasks.TASKS else []
    assert app.tasks.tasks_of(toy(task=task)) == own + ["remove_artifact"] * (task == "inpaint")


def test_every_model_that_restores_has_a_place(app):
    for name in recipe_names(): assert set(app.tasks.tasks_of(get_recipe(name))) <= set(app.tasks.TASKS)
    models = app.tasks.available_models("nowhere")
    assert set(models) == set(app.tasks.TASKS) <= set(TASKS) and list(models) == list(app.tasks.TASKS)
    for task, names in models.items():
        own = set(checkpoint_names("nowhere", task=task))
        assert own <= set(names) and (task == "remove_artifact" or own == set(names))
    assert set(models["inpaint"]) < set(models["remove_artifact"])


def test_a_translator_brings_images_that_it_can_translate(app, monkeypatch, tmp_path):
    monkeypatch.setenv("RECON_DATA", str(tmp_path))
    for name, channels in (("pix2pix-t1t2", 1), ("cyclegan-t1t2", 1), ("pix2pix-facades", 3)):
        assert all(len(image.getbands()) == channels for image in app.page.examples(name, "nowhere"))
    best = app.tasks.available_models("nowhere")["translate"][0]
    assert best == "pix2pix-facades", "not the one whose blur has the least error"
    reversed_pairs = app.tasks.example_pairs(toy(task="translate", data="phantoms(n=40):reversed", channels=1), 4)
    pairs = app.tasks.example_pairs(toy(task="translate", data="phantoms", channels=1), 4)
    assert torch.equal(reversed_pairs[0], pairs[1])


def test_a_broken_checkpoint_does_not_stop_the_others(app, tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "card.json").write_text("{")
    assert app.tasks.available_models(str(tmp_path)) == app.tasks.available_models("nowhere")


def restored(app, task, model, x, mask):
    "What a model makes of an image `[C, H, W]` and a mask, as floats."
    job = app.inference.Job(task, model, Picture(to_levels(x, torch.uint8)), mask, model_dir="nowhere")
    return to_floats(app.inference.restore(job).picture.pixels)


def test_strokes_are_filled_by_a_network_that_knows_squares(app):
    x = to_floats(to_levels(load_data("photos-tiny", "test")[0][:, 40:240, 60:300], torch.uint8))
    strokes = build_corruption("free_form(strokes=3, width=(0.02, 0.03))")
    corrupted, mask = strokes(x[None], torch.Generator().manual_seed(1))
    name = app.tasks.models_for("remove_artifact", "brush", "nowhere")[0]
    y = restored(app, "remove_artifact", name, corrupted[0], mask[0] > 0.5)
    outside = mask[0].expand(3, -1, -1) == 0
    assert torch.equal(y[outside], x[outside]), "nothing else changes"
    assert measure(y[None], x[None], ("psnr",))["psnr"] > measure(corrupted, x[None], ("psnr",))["psnr"] + 8


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (64, 64)])
def test_any_mask_on_any_size_is_filled(app, size):
    x = to_floats(torch.randint(256, (3, *size), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)))
    dots = torch.rand(1, *size, generator=torch.Generator().manual_seed(1)) > 0.8
    name = app.tasks.models_for("inpaint", "brush", "nowhere")[0]
    for mask in (torch.ones_like(dots), dots):
        y = restored(app, "inpaint", name, x, mask)
        known = ~mask.expand(3, -1, -1)
        assert y.shape == x.shape and torch.isfinite(y).all() and torch.equal(y[known], x[known])


def test_a_model_finds_a_white_rectangle_by_itself(app, tmp_path):
    x = load_data("photos-tiny", "test")[0][:, :300, :300].clone().clamp(max=0.6)
    x[:, 100:180, 120:200] = 1.0
    path = save_picture(x, tmp_path / "covered.png")
    model = app.tasks.models_for("remove_artifact", "find", "nowhere")[0]
    result = app.inference.solve(app.inference.prepare(path, "remove_artifact", model, "find", model_dir="nowhere"))
    truth = torch.zeros(1, 300, 300, dtype=torch.bool)
    truth[:, 100:180, 120:200] = True
    found = result.job.mask
    assert (found & truth).sum() / (found | truth).sum() > 0.5
    assert result.baseline_picture is not None, "which gets the same mask"


@pytest.mark.parametrize("text, says", [
    ("3,4", "two opposite corners"), ("a,b\n1,2", "two opposite corners"), ("900,900\n950,950", "outside")])
def test_bad_corners_get_a_sentence(app, text, says):
    with pytest.raises(ReconError, match=says): app.inference.read_corners(text, (50, 60))


def test_corners_may_lie_outside_and_in_any_order(app):
    mask = app.inference.read_corners("70,3\n-5,1", (5, 60))
    assert mask[0, 1:4].all() and mask.sum() == 3 * 60


def test_the_clock_stops_long_work(app, tmp_path, monkeypatch):
    path = save_picture(load_data("photos-tiny", "test")[0][:, :96, :96], tmp_path / "p.png")
    monkeypatch.setattr(app.inference, "TIME_LIMIT", -1)
    for task in ("super_resolve", "denoise"):
        model = app.tasks.available_models("nowhere")[task][0]
        job = app.inference.prepare(path, task, model, "as_it_is", model_dir="nowhere")
        with pytest.raises(ReconError, match="longer than"): app.inference.restore(job)


def test_metadata_stays_behind_and_format_and_size_are_kept(app, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    exif[0x8825] = {1: "N"}
    info = PngInfo()
    info.add_text("Comment", "secret")
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (37, 53, 3), np.uint8))
    image.save(tmp_path / "a.jpg", exif=exif, comment=b"secret")
    image.save(tmp_path / "a.png", pnginfo=info)
    image.convert("RGB").save(tmp_path / "a.webp", exif=exif)
    for name, kind in (("a.jpg", "JPEG"), ("a.png", "PNG"), ("a.webp", "WEBP")):
        path = Path(app.files.save_result(app.inference.read_upload(tmp_path / name)))
        with Image.open(path) as written:
            assert written.format == kind and written.size == (53, 37)
            assert not written.getexif() and not getattr(written, "text", {})
        assert b"secret" not in path.read_bytes() and b"camera" not in path.read_bytes()


def test_names_of_files_are_harmless(app):
    for name in ("../../etc/passwd.png", "a b\x00c.png", ".png", "ü" * 300 + ".png"):
        path = Path(app.files.save_result(Picture(torch.zeros(3, 4, 4), name=name)))
        assert path.parent.parent == Path(app.files.get_upload_folder())
        assert path.name.endswith("-restored.png") and ".." not in path.name


def test_bombs_are_refused_before_they_are_decoded(app, tmp_path):
    Image.new("1", (5000, 5000)).save(tmp_path / "bomb.png")
    with pytest.raises(ReconError, match="million"): app.inference.read_upload(tmp_path / "bomb.png")
    (tmp_path / "long.png").write_bytes(b"\x89PNG" + bytes(21 * 2**20))
    with pytest.raises(ReconError, match="larger than 20 MB"): app.inference.read_upload(tmp_path / "long.png")


def test_guarded_components_only_ever_get_values(app):
    "Gradio builds a component anew when a session updates it, and would leave the guards behind."
    import gradio as gr

    with gr.Blocks(): page = app.page.Page()
    for task in page.models:
        assert page.choose_task(task, "own.png")[2] == "own.png", "the visitor's own image stays"
        assert not isinstance(page.choose_task(task, None)[2], dict)
    assert page.show_tools(None, page.first, "brush", page.models[page.first][0], "")[1] is None


def sources(app):
    folder = Path(app.page.__file__).parent
    return {path: path.read_text(encoding="utf-8") for path in folder.glob("*.py")}


def test_nothing_in_the_app_can_load_a_pickle(app):
    dangers = ("pickle", "torch.load", "joblib", "np.load", "Image.open", "http" "x", "requests.get", " eval(")
    texts = sources(app).values()
    assert len(texts) > 4 and not any(word in text for text in texts for word in dangers)


def test_functions_fit_on_a_screen(app):
    for path, text in sources(app).items():
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.FunctionDef): continue
            assert node.end_lineno - node.lineno <= 30, f"{path.name}: {node.name}"


def test_an_own_checkpoint_appears_in_its_task_by_itself(app, tmp_path):
    mine = toy(task="denoise", network="conv_denoiser(width=8, blocks=1)", size=32, fit="exact_tiles",
               corruption="gaussian_noise(sigma=(0.0, 0.4))")
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "toy", build_network(mine), mine, {}, half=False)
    order = app.tasks.available_models(str(tmp_path))["denoise"]
    assert order[0] == "denoising-photos", "the one that has seen larger images first"
    of_digits = min(order.index(name) for name in order if "mnist" in name or "fashion" in name)
    assert order.index("toy") < of_digits, "photographs come before digits"
    path = save_picture(load_data("photos-tiny", "test")[0][:, :90, :120], tmp_path / "p.png")
    prepare = app.inference.prepare
    result = app.inference.solve(prepare(path, "denoise", "toy", "corrupt", "Strong noise", model_dir=str(tmp_path)))
    assert result.restored.size == (90, 120) and result.baseline == "tv"
    assert set(result.metrics) == {"corrupted", "tv", "toy"}


def test_the_image_as_it_was_is_no_baseline(app, tmp_path):
    path = save_picture(load_data("photos-tiny", "test")[0][:, :64, :64], tmp_path / "p.png")
    for model in app.tasks.available_models()["translate"]:
        result = app.inference.solve(app.inference.prepare(path, "translate", model, "as_it_is"))
        assert result.baseline != "identity" and (result.baseline_picture is None) == (not result.baseline)
        if result.baseline: continue
        assert "No baseline" in result.notes[-1] and "Baseline:" not in app.views.verdict(result)


def test_a_baseline_that_fails_is_a_note(app, tmp_path, monkeypatch):
    def fails(*args): raise ValueError("the window is larger than the image")

    monkeypatch.setattr(app.inference, "best_baseline", lambda *args: ("nlm", fails))
    path = save_picture(torch.zeros(3, 1, 1), tmp_path / "dot.png")
    model = app.tasks.available_models("nowhere")["denoise"][0]
    job = app.inference.prepare(path, "denoise", model, "corrupt", "Strong noise", model_dir="nowhere")
    result = app.inference.solve(job)
    assert result.restored.size == (1, 1) and result.baseline_picture is None
    assert any("baseline nlm failed" in note for note in result.notes)
