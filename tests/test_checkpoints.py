"""The shipped checkpoints: valid, up to date, and as good as the bars say."""
import json

import pytest

from recon.checkpoints import CheckpointError, checkpoint_folders, checkpoint_names, load, model_card
from recon.recipes import get_recipe

SHIPPED = sorted(n for n, p in checkpoint_folders("nowhere").items())


@pytest.mark.parametrize("name", SHIPPED)
def test_card_belongs_to_the_registered_recipe(name):
    checkpoint = load(name, model_dir="nowhere")
    assert checkpoint.recipe == get_recipe(name), "the recipe has changed: train again, or `recon evaluate --write`"
    card = checkpoint.card
    for key in ("data", "budget", "steps", "wall_seconds", "device", "seed", "code_commit", "protocol", "metrics",
                "limits"):
        assert card.get(key) not in (None, "", {}), key
    assert not card["code_commit"].endswith("+"), "trained with uncommitted code"
    headline = next(iter(card["metrics"]))
    value = card["metrics"][headline]
    assert abs(value - card[f"{headline}_in_float32"]) < 0.01 * value, "what float16 costs"
    assert card["parameters"] == sum(p.numel() for p in checkpoint.network.parameters()) > 1000
    assert name in model_card(card)


@pytest.mark.parametrize("name", SHIPPED)
def test_predictor_is_the_network_in_its_post_processor(name):
    checkpoint = load(name, model_dir="nowhere")
    if not checkpoint.recipe.postprocess: assert checkpoint.predictor is checkpoint.network
    else: assert checkpoint.predictor.network is checkpoint.network and not checkpoint.predictor.training


@pytest.mark.parametrize("name, multiple", [("hole-cifar10", 0), ("hole-gan-cifar10", 0), ("conv-ae-faces", 16),
                                            ("resnet-gan-faces", 32), ("features-cifar10", 1)])
def test_networks_declare_what_they_take(name, multiple):
    checkpoint = load(name, model_dir="nowhere")
    module = checkpoint.predictor
    assert module.in_channels == checkpoint.recipe.channels
    assert module.out_channels == (10 if checkpoint.recipe.task == "classify" else checkpoint.recipe.channels)
    assert getattr(module, "scale", 1) == 1 and getattr(module, "size_multiple", 1) == multiple


def test_a_card_without_a_task_is_refused(tmp_path):
    card = json.loads((checkpoint_folders("nowhere")["dense-mnist"] / "card.json").read_text(encoding="utf-8"))
    del card["recipe"]["task"]
    folder = tmp_path / "old-model"
    folder.mkdir()
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(CheckpointError, match="names no task"): load(folder)
    assert "old-model" in checkpoint_names(tmp_path)
    assert "old-model" not in checkpoint_names(tmp_path, task="reconstruct")
    with pytest.raises(CheckpointError, match="did you mean old-model"): load("old-modl", model_dir=tmp_path)


def test_bars_of_chapter_10():
    clean, noisy = (load(n, model_dir="nowhere").card for n in ("dense-mnist", "dense-mnist-noisy"))
    assert clean["data"]["n_test"] == noisy["data"]["n_test"] == 10_000
    assert clean["metrics"]["mse"] <= 0.0045
    assert noisy["recipe"]["tests"][0] == "gaussian_noise(sigma=0.5)" and noisy["metrics"]["mse"] <= 0.0125
    assert noisy["metrics"]["mse"] < min(b["mse"] for b in noisy["baselines"].values())


def test_bars_of_chapter_11():
    for name in ("denoising-mnist", "denoising-fashion"):
        card = load(name, model_dir="nowhere").card
        parts = {card["recipe"]["tests"][0]: card, **card["also"]}
        assert set(parts) == {f"gaussian_noise(sigma={s})" for s in (0.2, 0.5, 0.8)}
        for corruption, part in parts.items():
            assert {"wiener", "gaussian", "median", "tv", "wavelet", "nlm"} <= set(part["baselines"])
            assert part["metrics"]["mse"] < min(b["mse"] for b in part["baselines"].values()), f"{name}, {corruption}"
    digits = load("denoising-mnist", model_dir="nowhere").card
    assert digits["data"]["n_test"] == 10_000 and digits["metrics"]["mse"] <= 0.0090
    photos = load("denoising-photos", model_dir="nowhere").card
    for part in (photos, *photos["also"].values()):
        assert part["metrics"]["psnr"] > max(b["psnr"] for b in part["baselines"].values())


def test_bars_of_chapter_12():
    names = ("artifact-mnist", "hole-cifar10", "hole-cifar10-narrow")
    digits, ours, narrow = (load(n, model_dir="nowhere").card for n in names)
    assert digits["data"]["n_test"] == 10_000 and digits["recipe"]["tests"] == ["rectangle(size=(5, 9))"]
    assert digits["metrics"]["mse"] <= 0.0075 < digits["baselines"]["wiener"]["mse"]
    assert digits["metrics"]["mse_hole"] < min(b["mse_hole"] for b in digits["baselines"].values())
    assert ours["data"]["n_test"] == narrow["data"]["n_test"] == 10_000
    assert ours["metrics"]["mse_hole"] <= 0.021 and ours["metrics"]["mse_hole"] <= 0.9 * narrow["metrics"]["mse_hole"]
    assert ours["metrics"]["mse_hole"] < min(b["mse_hole"] for b in ours["baselines"].values())
    assert ours["metrics"]["mse_outside"] == narrow["metrics"]["mse_outside"] == 0
    faces = load("conv-ae-faces", model_dir="nowhere").card
    assert faces["data"]["n_test"] > 1000 and faces["metrics"]["mse_hole"] < faces["baselines"]["telea"]["mse_hole"]


def test_bars_of_chapter_13():
    wide, flat = (load(n, model_dir="nowhere").card for n in ("vae-mnist", "vae-mnist-2d"))
    assert wide["metrics"]["nll_nats"] <= 90
    assert wide["metrics"]["nll_nats"] < wide["metrics"]["elbo_nats"] < flat["metrics"]["nll_nats"]
    for card in (wide, flat): assert card["metrics"]["mse"] < min(b["mse"] for b in card["baselines"].values())


def test_the_healthy_game_of_chapter_14_is_the_best():
    cards = {n: load(n, model_dir="nowhere").card for n in SHIPPED if n.startswith("gan-mnist")}
    distance = {n: c["metrics"]["fid_pca64"] for n, c in cards.items()}
    assert len(cards) == 5 and min(distance, key=distance.get) == "gan-mnist"
    assert cards["gan-mnist"]["findings"] == [] and all(c["findings"] for n, c in cards.items() if n != "gan-mnist")


def test_bars_of_chapter_15():
    names = ("resnet-faces", "resnet-gan-faces", "conv-ae-faces")
    alone, game, coarse = (load(n, model_dir="nowhere").card for n in names)
    assert {"telea", "navier_stokes", "biharmonic"} <= set(game["baselines"]) and game["data"]["n_test"] > 1000
    others = [*game["baselines"].values(), coarse["metrics"]]
    for card in (alone, game):
        for m in ("mse", "mse_hole"): assert card["metrics"][m] < min(b[m] for b in others)
        assert card["metrics"]["cifar10_distance"] < min(b["cifar10_distance"] for b in game["baselines"].values())
        assert card["metrics"]["mse_ring"] <= 2 * card["metrics"]["mse_outside"]
    assert game["metrics"]["cifar10_distance"] < alone["metrics"]["cifar10_distance"]


def test_bars_of_chapter_16():
    plain, game = (load(n, model_dir="nowhere").card for n in ("srresnet-faces", "srgan-vgg-faces"))
    bicubic = plain["baselines"]["bicubic"]
    assert plain["metrics"]["psnr"] >= bicubic["psnr"] + 1.5 and plain["metrics"]["ssim"] >= bicubic["ssim"] + 0.02
    assert game["metrics"]["psnr"] >= plain["metrics"]["psnr"] - 1.5
    assert game["metrics"]["cifar10_distance"] < plain["metrics"]["cifar10_distance"]


@pytest.mark.parametrize("name", ["colorizer-cifar10", "colorizer-photos", "colorizer-faces"])
def test_bars_of_chapter_17(name):
    card = load(name, model_dir="nowhere").card
    assert {"grey", "mean_colour", "nearest_patch"} == set(card["baselines"])
    assert card["metrics"]["delta_e"] < min(b["delta_e"] for b in card["baselines"].values())
    assert 0.6 <= card["metrics"]["colourfulness_ratio"] <= 1.1
    assert card["also"]["lightness(hints=10)"]["metrics"]["delta_e"] < card["metrics"]["delta_e"]


def test_bars_of_chapter_18():
    names = ("pix2pix-facades", "pix2pix-facades-l1", "pix2pix-facades-cgan")
    both, absolute, game = (load(n, model_dir="nowhere").card["metrics"] for n in names)
    assert both["cifar10_kid"] < absolute["cifar10_kid"] and both["mae"] < game["mae"]
    card = load("pix2pix-t1t2", model_dir="nowhere").card
    assert card["metrics"]["psnr_head"] >= card["baselines"]["pointwise"]["psnr_head"] + 2
    assert card["metrics"]["psnr_head"] > max(b["psnr_head"] for b in card["baselines"].values())


def test_bars_of_chapter_19():
    scans, fronts = (load(n, model_dir="nowhere").card for n in ("cyclegan-t1t2", "cyclegan-facades"))
    assert {"identity", "histogram_match", "pointwise"} == set(scans["baselines"])
    assert scans["recipe"]["data"].endswith(":unpaired")
    assert scans["metrics"]["psnr_head"] >= max(b["psnr_head"] for b in scans["baselines"].values()) + 4
    assert scans["metrics"]["mse"] < min(b["mse"] for b in scans["baselines"].values())
    paired = load("pix2pix-t1t2", model_dir="nowhere").card
    lookup = paired["baselines"]["pointwise"]["psnr_head"]
    assert scans["metrics"]["psnr_head"] < lookup < paired["metrics"]["psnr_head"], "pairs are worth something"
    assert fronts["metrics"]["mae"] > fronts["baselines"]["mean"]["mae"], "the lecture says that it is no good"


@pytest.mark.parametrize("chapters, limit", [(("11", "12", "13"), 9_000_000), (("14", "15"), 10_000_000),
                                             (("16", "17"), 9_000_000), (("18", "19"), 7_000_000)])
def test_weights_are_small(chapters, limit):
    shipped = checkpoint_folders("nowhere")
    folders = [p for n, p in shipped.items() if load(n, model_dir="nowhere").recipe.chapter[:2] in chapters]
    assert sum((p / "model.safetensors").stat().st_size for p in folders) < limit
