"""The app's function, reached as other programs reach it."""
from pathlib import Path

import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from PIL import Image

from recon.checkpoints import checkpoint_names, load
from recon.data import Picture, save_picture
from recon.restore import Restorer

MODEL, DAMAGE, RIVAL = "dense-mnist-noisy", "Gaussian noise", "Gaussian filter"


@pytest.fixture(scope="module")
def client(app_url): return Client(app_url, verbose=False)


@pytest.fixture(scope="module")
def digit(tmp_path_factory):
    return save_picture(load(MODEL, model_dir="nowhere").examples()[3], tmp_path_factory.mktemp("digit") / "digit.png")


def repair(client, path, model=MODEL, damage=DAMAGE, strength=0.5, seed=0, rival=RIVAL):
    return client.predict(handle_file(str(path)), model, damage, strength, seed, rival, api_name="/repair")


def gap(a, b):
    read = lambda p: np.asarray(Image.open(p if isinstance(p, str) else p["path"]).convert("L"), float) / 255
    return ((read(a) - read(b)) ** 2).mean()


def test_repair_beats_the_damage_and_the_filter(client, digit):
    clean, damaged, filtered, ours, slider, numbers = repair(client, digit)
    assert gap(ours, clean) < gap(filtered, clean) < gap(damaged, clean)
    assert MODEL in numbers and "psnr" in numbers and "gaussian_noise(sigma=0.5)" in numbers and len(slider) == 2


def test_the_seed_decides(client, digit):
    first, again, other = (repair(client, digit, seed=s)[1] for s in (1, 1, 2))
    assert gap(first, again) == 0 and gap(first, other) > 0


@pytest.mark.parametrize("damage", ["Salt and pepper", "White rectangle", "Strokes of a pen"])
def test_every_damage_and_every_rival_runs(client, digit, damage):
    for rival in ("Total variation", "Non-local means", "Wavelets", "Median"):
        assert "damaged" in repair(client, digit, damage=damage, strength=0.4, rival=rival)[5]


def test_a_picture_that_is_damaged_already_has_no_numbers(client, digit):
    assert "can be measured" in repair(client, digit, damage="None: it is damaged already")[5]


def test_a_photographed_digit_is_laid_as_mnist_lays_it(client, tmp_path):
    page = np.full((400, 300), 235, np.uint8)
    page[100:300, 140:165] = 20
    Image.fromarray(page).save(tmp_path / "one.jpg")
    seen = np.asarray(Image.open(repair(client, tmp_path / "one.jpg")[0]).convert("L"), float)
    assert seen[0].mean() < 10 and seen.max() > 200, "light on dark"
    rows, columns = np.nonzero(seen > 128)
    assert abs(rows.mean() - seen.shape[0] / 2) < 15 and abs(columns.mean() - seen.shape[1] / 2) < 15, "in the middle"


@pytest.mark.parametrize("name, content, says", [
    ("empty.png", b"", "empty"), ("text.png", b"no picture at all", "not a picture"), ("cut.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF", "")])
def test_bad_uploads_get_a_sentence(client, tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Exception) as caught: repair(client, tmp_path / name)
    assert says in str(caught.value) and "Traceback" not in str(caught.value) and "/tmp" not in str(caught.value)


def test_strange_sizes_and_kinds(client, tmp_path):
    for name, image in {"dot.png": Image.new("L", (1, 1)), "line.png": Image.new("RGB", (900, 2), "white"), "rgba.png": Image.new("RGBA", (50, 60))}.items():
        image.save(tmp_path / name)
        assert repair(client, tmp_path / name)[3]


def test_unknown_choices_are_refused(client, digit):
    for wrong in ({"model": "dense-nothing"}, {"damage": "fire"}, {"strength": 7}):
        with pytest.raises(Exception): repair(client, digit, **wrong)


def test_the_space_is_described():
    space = Path(__file__).resolve().parent.parent / "apps" / "space"
    front = (space / "README.md").read_text(encoding="utf-8").split("---")[1]
    assert "sdk: gradio" in front and "app_file: app.py" in front and "recon" in (space / "requirements.txt").read_text()
    imported = [line for line in (space / "app.py").read_text(encoding="utf-8").splitlines() if line.startswith("from recon")]
    assert imported and not any(" _" in line for line in imported)


@pytest.mark.parametrize("name", checkpoint_names("nowhere", task="repair"))
def test_every_shipped_model_works_in_the_app_and_on_any_picture(name, app, tmp_path):
    shown = app.examples(name)
    # There are eight embedded photographs; smaller models get tiles of them.
    assert len(shown) in (8, 12) and len({np.asarray(p).tobytes() for p in shown}) > 6, "pictures of its kind to begin with"
    shown[0].save(tmp_path / "first.png")
    card = load(name, model_dir="nowhere").card
    rival = "Telea, told where" if "mse_hole" in card["metrics"] else RIVAL
    *pictures, slider, numbers = app.repair(str(tmp_path / "first.png"), name, app.OWN, 0.5, 0, rival)
    assert len(pictures) == 4
    damage = (card["recipe"]["tests"] or [card["recipe"]["corruption"]])[0]
    assert "nothing can be measured" in numbers if damage == "none" else name in numbers and "mse" in numbers
    odd = Picture(torch.rand(3, 45, 70, generator=torch.Generator().manual_seed(0)) * 2 - 1)
    restorer = Restorer(name, model_dir="nowhere")
    restored, scale = restorer(odd).picture, restorer.sight.scale
    assert restored.size == (45 * scale, 70 * scale) and torch.isfinite(restored.pixels).all()
