"""What the app finds out about recipes, and its pure functions, without a server."""
import numpy as np
import pytest
import torch

from recon.checkpoints import checkpoint_names, save_checkpoint
from recon.core import ReconError
from recon.corruptions import build_corruption
from recon.data import load_data
from recon.images import Picture, save_picture
from recon.metrics import measure
from recon.recipes import Recipe, build_network, get_recipe, recipe_names

FACTS = dict(title="A toy", chapter="tests", data="photos-tiny", network="none", size=64, channels=3)


def toy(**changes): return Recipe(name="toy", **{**FACTS, **changes})


@pytest.mark.parametrize("changes, task", [
    (dict(corruption="gaussian_noise(sigma=(0.0, 0.2))"), "denoise"), (dict(corruption="salt_and_pepper(amount=0.5)"), "denoise"),
    (dict(corruption="rectangle(size=(12, 20))"), "artifact"), (dict(corruption="free_form(strokes=(2, 4))"), "artifact"),
    (dict(corruption="gaussian_noise(sigma=0.1) | rectangle(size=(12, 20))"), "artifact"), (dict(corruption="center_hole(size=16)"), "hole"),
    (dict(corruption="downscale(factor=4)"), "enlarge"), (dict(corruption="lightness"), "colorize"), (dict(corruption="lightness(hints=(0, 9))"), "colorize"),
    (dict(corruption="grayscale(channels=3)"), "colorize"), (dict(data="phantoms(n=40)", channels=1), "translate"), (dict(data="facades-toy"), "translate"),
    (dict(data="phantoms(n=40):unpaired", channels=1), "translate"), (dict(data="facades:reversed"), "translate"), (dict(data="/home/me/photos"), ""),
    (dict(corruption="none"), ""), (dict(corruption="binarize", channels=1), ""), (dict(corruption="latent(size=64)", task="generate"), ""), (dict(task="classify"), "")])
def test_a_recipe_says_what_it_is_for(app, changes, task): assert app.task_of(toy(**changes)) == task


def test_every_recipe_that_repairs_has_a_place_or_none(app):
    for name in recipe_names(): assert app.task_of(get_recipe(name)) in ("", *app.TASKS)
    hand = app.models_at_hand("nowhere")
    assert {"artifact", "denoise", "hole", "enlarge"} <= set(hand) <= set(app.TASKS) and list(hand) == [t for t in app.TASKS if t in hand]
    assert set(sum(hand.values(), [])) <= set(checkpoint_names("nowhere", task="repair"))


def test_a_translator_brings_pictures_that_it_can_translate(app, monkeypatch, tmp_path):
    monkeypatch.setenv("RECON_DATA", str(tmp_path))
    for name, channels in (("pix2pix-t1t2", 1), ("cyclegan-t1t2", 1), ("pix2pix-facades", 3)):
        assert all(len(p.getbands()) == channels for p in app.examples(name, "nowhere"))
    assert app.models_at_hand("nowhere")["translate"][0] == "pix2pix-facades", "not the one whose fog has the least error"
    turned = app.pairs_for(toy(data="phantoms(n=40):reversed", channels=1), 4)
    assert torch.equal(turned[0], app.pairs_for(toy(data="phantoms", channels=1), 4)[1])


def test_a_broken_checkpoint_does_not_stop_the_others(app, tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "card.json").write_text("{")
    assert app.models_at_hand(str(tmp_path)) == app.models_at_hand("nowhere")


def test_strokes_are_filled_by_a_network_that_knows_squares(app):
    x = load_data("photos-tiny", "test")[0][:, 40:240, 60:300]
    corrupted, mask = build_corruption("free_form(strokes=3, width=(0.02, 0.03))")(x[None], torch.Generator().manual_seed(1))
    name = app.models_for("artifact", "brush", "nowhere")[0]
    y = app.work.fill(app.work.restorer(name, "nowhere"), corrupted[0], mask[0] > 0.5)
    outside = mask[0].expand(3, -1, -1) == 0
    assert torch.equal(y[outside], x[outside]), "nothing else changes"
    assert measure(y[None], x[None], ("psnr",))["psnr"] > measure(corrupted, x[None], ("psnr",))["psnr"] + 8


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (64, 64)])
def test_any_mask_on_any_size_is_filled(app, size):
    x = torch.rand(3, *size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    for mask in (torch.ones(1, *size, dtype=torch.bool), torch.rand(1, *size, generator=torch.Generator().manual_seed(1)) > 0.8):
        y = app.work.fill(app.work.restorer(app.models_for("hole", "brush", "nowhere")[0], "nowhere"), x, mask)
        assert y.shape == x.shape and torch.isfinite(y).all() and torch.equal(y[~mask.expand(3, -1, -1)], x[~mask.expand(3, -1, -1)])


def test_a_model_finds_a_white_rectangle_by_itself(app, tmp_path):
    x = load_data("photos-tiny", "test")[0][:, :300, :300].clone().clamp(max=0.6)
    x[:, 100:180, 120:200] = 1.0
    path = save_picture(x, tmp_path / "covered.png")
    job = app.work.prepare(path, "artifact", app.models_for("artifact", "find", "nowhere")[0], "find", model_dir="nowhere")
    truth = torch.zeros(1, 300, 300, dtype=torch.bool)
    truth[:, 100:180, 120:200] = True
    assert (job.mask & truth).sum() / (job.mask | truth).sum() > 0.5


@pytest.mark.parametrize("text, says", [("3,4", "two opposite corners"), ("a,b\n1,2", "two opposite corners"), ("900,900\n950,950", "outside")])
def test_bad_corners_get_a_sentence(app, text, says):
    with pytest.raises(ReconError, match=says): app.work.read_corners(text, (50, 60))


def test_the_clock_stops_long_work(app, tmp_path, monkeypatch):
    path = save_picture(load_data("photos-tiny", "test")[0][:, :96, :96], tmp_path / "p.png")
    monkeypatch.setattr(app.work, "SECONDS", -1)
    job = app.work.prepare(path, "enlarge", app.models_at_hand("nowhere")["enlarge"][0], "own", model_dir="nowhere")
    with pytest.raises(ReconError, match="longer than"): app.work.repair(job)


def test_metadata_stays_behind_and_format_and_size_are_kept(app, tmp_path):
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    exif, info = Image.Exif(), PngInfo()
    exif[0x010F], exif[0x8825] = "A camera", {1: "N"}
    info.add_text("Comment", "secret")
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (37, 53, 3), np.uint8))
    image.save(tmp_path / "a.jpg", exif=exif, comment=b"secret")
    image.save(tmp_path / "a.png", pnginfo=info)
    image.convert("RGB").save(tmp_path / "a.webp", exif=exif)
    for name, kind in (("a.jpg", "JPEG"), ("a.png", "PNG"), ("a.webp", "WEBP")):
        out = app.doors.download(app.work.read_upload(tmp_path / name))
        with Image.open(out) as written: assert written.format == kind and written.size == (53, 37) and not written.getexif() and not getattr(written, "text", {})
        assert b"secret" not in open(out, "rb").read() and b"camera" not in open(out, "rb").read()


def test_names_of_files_are_harmless(app):
    for name in ("../../etc/passwd.png", "a b\x00c.png", ".png", "ü" * 300 + ".png"):
        path = app.Path(app.doors.download(Picture(torch.zeros(3, 4, 4), name=name)))
        assert path.parent.parent == app.Path(app.doors.get_upload_folder()) and path.name.endswith("-restored.png") and ".." not in path.name


def test_bombs_are_refused_before_they_are_decoded(app, tmp_path):
    from PIL import Image

    Image.new("1", (5000, 5000)).save(tmp_path / "bomb.png")
    with pytest.raises(ReconError, match="million"): app.work.read_upload(tmp_path / "bomb.png")
    (tmp_path / "long.png").write_bytes(b"\x89PNG" + bytes(21 * 2**20))
    with pytest.raises(ReconError, match="larger than 20 MB"): app.work.read_upload(tmp_path / "long.png")


def test_guarded_components_only_ever_get_values(app):
    "Gradio builds a component anew when a session updates it, and would leave the guards behind."
    import gradio as gr

    with gr.Blocks(): page = app.Page()
    for task in page.hand:
        for path in ("own.png", None): assert page.choose_task(task, True, path)[2] == path
        assert not isinstance(page.choose_task(task, False, None)[2], dict)
    assert page.stage(None, page.first, "brush", page.hand[page.first][0], "")[1] is None


def test_nothing_in_the_app_can_load_a_pickle(app):
    sources = [p.read_text(encoding="utf-8") for p in app.Path(app.__file__).parent.glob("*.py")]
    assert len(sources) > 4 and not any(word in s for s in sources for word in ("pickle", "torch.load", "joblib", "np.load", "Image.open", "http"  "x", "requests.get", " eval("))


def test_functions_fit_on_a_screen_and_imports_are_public(app):
    import ast

    for path in app.Path(app.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef): assert node.end_lineno - node.lineno <= 30, f"{path.name}: {node.name}"
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("recon"): assert not any(a.name.startswith("_") for a in node.names), path.name


def test_an_own_checkpoint_appears_in_its_task_by_itself(app, tmp_path):
    mine = Recipe(name="toy-mine", title="A toy", chapter="tests", data="photos-tiny", network="conv_denoiser(width=8, blocks=1)", size=32, channels=3,
                  corruption="gaussian_noise(sigma=(0.0, 0.4))", fit="tile")
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "toy-mine", build_network(mine), mine, {}, half=False)
    order = app.models_at_hand(str(tmp_path))["denoise"]
    assert order[0] == "denoising-photos", "the one that has seen larger images first"
    assert order.index("toy-mine") < min(order.index(n) for n in order if "mnist" in n or "clothes" in n), "photographs come before digits"
    path = save_picture(load_data("photos-tiny", "test")[0][:, :90, :120], tmp_path / "p.png")
    result = app.work.solve(app.work.prepare(path, "denoise", "toy-mine", "add", "Strong noise", model_dir=str(tmp_path)))
    assert result.ours.size == (90, 120) and result.rival == "tv" and {"corrupted", "tv", "toy-mine"} == set(result.metrics)


def test_the_picture_as_it_was_is_no_classical_method(app, tmp_path):
    path = save_picture(load_data("photos-tiny", "test")[0][:, :64, :64], tmp_path / "p.png")
    for model in app.models_at_hand()["translate"]:
        result = app.work.solve(app.work.prepare(path, "translate", model, "own", ""))
        assert result.rival != "identity" and (result.classical is None) == (not result.rival)
        assert result.rival or ("No baseline" in result.notes[-1] and "Classical:" not in app.views.verdict(result))
