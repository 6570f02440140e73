"""The lab: every page without a browser, then a walk through it in one."""
import json
import shutil
import subprocess
import sys
import time

import pytest
from conftest import RECON, ROOT, served

SCREENSHOTS = ROOT / "screenshots"
FEW = ("dense-mnist-2d", "dense-mnist-paper", "gan-mnist-collapsed", "srgan-mse-faces", "vae-mnist-2d")


@pytest.fixture(scope="module")
def lab():
    "The lab's package."
    from recon.cli import load_app

    load_app("lab")
    return sys.modules["recon_lab"]


@pytest.fixture()
def open_page():
    "A page of the lab, run as Streamlit runs it."
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    def run(name):
        st.cache_data.clear()
        script = f"from recon.cli import load_app\nload_app('lab')\nimport recon_lab\nrecon_lab.{name}.page()"
        page = AppTest.from_string(script, default_timeout=300).run()
        assert not page.exception, page.exception
        return page

    return run


def labels(elements): return [e.label for e in elements]


@pytest.fixture(scope="module")
def few_models(tmp_path_factory):
    "Some models of several kinds, and a broken one."
    from recon.checkpoints import SHIPPED

    folder = tmp_path_factory.mktemp("few")
    for name in FEW: shutil.copytree(SHIPPED / name, folder / name)
    (folder / "broken").mkdir()
    (folder / "broken" / "card.json").write_text("{")
    return folder


@pytest.fixture()
def only_few(monkeypatch, few_models):
    "As if these were the only available models."
    import recon.checkpoints

    monkeypatch.setattr(recon.checkpoints, "SHIPPED", few_models)
    monkeypatch.setenv("RECON_MODELS", str(few_models / "none"))


def test_walk_shows_both_kinds_and_any_digit(open_page, only_few):
    page = open_page("latent_space")
    assert labels(page.selectbox) == ["Autoencoder", "Variational autoencoder"]
    assert [s.value for s in page.selectbox] == ["dense-mnist-2d", "vae-mnist-2d"], "those that fit on a map"
    page.session_state["here"] = "vae-mnist-2d", (0.5, -0.5)
    page.run()
    assert not page.exception and any("all of its 2 numbers, here (0.50, -0.50)" in c.value for c in page.caption)


def test_walk_explains_what_is_missing(open_page, monkeypatch, tmp_path):
    import recon.checkpoints

    monkeypatch.setattr(recon.checkpoints, "SHIPPED", tmp_path)
    monkeypatch.setenv("RECON_MODELS", str(tmp_path))
    assert "are needed" in open_page("latent_space").info[0].value
    assert "no models" in open_page("model_table").info[0].value
    assert "No available model" in open_page("tradeoff").info[0].value


def test_a_map_leads_back_to_its_points(lab, open_page, only_few):
    open_page("latent_space")
    import torch

    for name in ("dense-mnist-paper", "vae-mnist-2d"):
        chart = lab.latent_space.latent_map(name)
        assert torch.allclose(chart.place(chart.latent(chart.points)), chart.points, atol=1e-3)


def test_the_smallest_game_ends_as_its_eigenvalue_says(open_page):
    page = open_page("gan_failures")
    page.segmented_control[0].set_value("The smallest game").run()
    seen = {}
    for rule in ("simultaneous", "alternating", "extragradient"):
        page.radio[0].set_value(rule).run()
        seen[rule] = next(m.value for m in page.markdown if "the distance is multiplied" in m.value)
    assert not page.exception
    assert all(text in seen[rule] for rule, text in zip(seen, ("spiral out", "circle for ever", "meet at")))


def test_the_ring_has_settings_and_a_monitor(lab, open_page, monkeypatch):
    from recon.models.gan import ring_game

    asked = []

    def short_game(**settings):
        asked.append(settings)
        return ring_game(**{**settings, "steps": 50})

    monkeypatch.setattr(lab.gan_failures, "ring_game", short_game)
    page = open_page("gan_failures")
    next(s for s in page.selectbox if s.label == "Begin with").select_index(1).run()
    next(s for s in page.slider if s.label == "Modes").set_value(3).run()
    assert not page.exception
    assert asked[-1].items() >= {"kind": "wasserstein", "modes": 3, "turns": 3}.items()
    assert page.metric[0].value.endswith("of 3") and "nothing to say" in page.success[0].value


def test_a_discriminator_that_is_too_good(lab, open_page, monkeypatch):
    page = open_page("gan_failures")
    monkeypatch.setattr(lab.gan_failures, "DISCRIMINATOR_STEPS", (5, 150))
    page.segmented_control[0].set_value("Too good a discriminator").run()
    assert not page.exception and "→" in page.metric[0].value


def test_runs_of_ones_own_come_first_and_broken_ones_are_explained(open_page, monkeypatch, tmp_path):
    from recon.data import load_data
    from recon.images import save_picture

    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    picture = load_data("digits28", "test", limit=1).stack()[0]
    rows = ["step,name,value"]
    for step in range(20, 820, 20):
        values = {"generator/diversity": 0.01, "discriminator/doubt": 0.4, "valid/psnr": step / 100}
        rows += [f"{step},{name},{value}" for name, value in values.items()]
    for name, text in (("mine", "\n".join(rows)), ("empty", "step,name,value\n"), ("odd", "a\nb,c\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "log.csv").write_text(text)
    for step in (400, 800): save_picture(picture, tmp_path / "mine" / "samples" / f"{step:07d}.png")
    page = open_page("training_history")
    chosen = page.selectbox[0]
    assert set(chosen.options) == {"mine", "empty", "odd"}
    chosen.select("mine").run()
    assert page.select_slider[0].options == ["400", "800"] and any("collapsed" in w.value for w in page.warning)
    chosen.select("empty").run()
    assert "is empty" in page.info[0].value
    chosen.select("odd").run()
    assert "can't be read" in page.error[0].value and not page.exception


def test_shipped_runs_have_images(open_page):
    page = open_page("training_history")
    page.segmented_control[0].set_value("Shipped with recon").run()
    page.selectbox[0].select("gan-mnist-collapsed").run()
    assert not page.exception and len(page.select_slider[0].options) > 4
    assert any("collapsed" in w.value for w in page.warning)


def test_the_table_lists_what_works(open_page, only_few):
    page = open_page("model_table")
    table = page.dataframe[0].value
    assert list(table.model) == list(FEW)
    card = json.loads((ROOT / "recon" / "checkpoints" / "dense-mnist-2d" / "card.json").read_text())
    assert table.PSNR[0] == pytest.approx(card["metrics"]["psnr"])
    assert table.image.str.startswith("data:image/png").all()
    assert [w.value for w in page.warning] == ["The card of 'broken' can't be read: it isn't valid JSON."]
    page.segmented_control[0].set_value("generate").run()
    assert list(page.dataframe[0].value.model) == ["gan-mnist-collapsed"]


def test_the_front_is_what_nobody_beats(lab, open_page):
    page = open_page("tradeoff")
    methods = {"a": (30, 1.0, ""), "b": (28, 0.5, ""), "c": (27, 0.7, ""), "d": (30, 1.2, "")}
    assert lab.tradeoff.pareto_front(methods) == ["b", "a"]
    comparison = page.selectbox[0]
    comparison.select(next(o for o in comparison.options if "downscale" in o and "faces" in o)).run()
    assert "srresnet-faces" in next(m.value for m in page.markdown if "No other method beats" in m.value)


# In a browser

@pytest.fixture(scope="module")
def lab_url(tmp_path_factory, few_models):
    "The lab as `recon lab` serves it."
    for url, _ in served("lab", tmp_path_factory.mktemp("lab") / "log.txt", path="/_stcore/health"): yield url


def click_until_heard(page, chart, before):
    "Click until a text is gone: on a busy machine a chart may be drawn before it listens; twice is the same choice."
    from playwright.sync_api import TimeoutError

    deadline = time.monotonic() + 240
    while True:
        chart.click(position={"x": 60, "y": 70})
        try: return page.wait_for_function("old => !document.body.innerText.includes(old)", arg=before, timeout=10_000)
        except TimeoutError:
            if time.monotonic() > deadline: raise


def test_a_visitor_walks_through_the_lab(browser, lab_url, tmp_path):
    page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
    foreign = []
    errors = []
    own = (lab_url, lab_url.replace("http", "ws"), "data:", "blob:")
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.on("request", lambda r: None if r.url.startswith(own) else foreign.append(r.url))
    page.set_default_timeout(120_000)
    page.goto(lab_url)
    place = page.get_by_text("all of its 2 numbers, here").first
    place.wait_for()
    before = place.inner_text()
    click_until_heard(page, page.locator("canvas, [data-testid=stVegaLiteChart] svg").first, before)
    (tmp_path / "text.png").write_text("no image")
    page.locator("input[type=file]").first.set_input_files(tmp_path / "text.png")
    page.get_by_text("is not an image that can be read").wait_for()
    page.get_by_role("link", name="GAN failures").first.click()
    page.get_by_text("Modes covered at the end").wait_for()
    page.get_by_role("link", name="Perception").first.click()
    page.get_by_text("No other method beats").first.wait_for()
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "lab.png")
    assert foreign == [] and errors == []


def test_bad_options_get_a_sentence():
    done = subprocess.run([*RECON, "lab", "--model-dir", "nowhere"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1 and done.stderr.strip() == "recon: There is no folder 'nowhere'."


@pytest.mark.parametrize("name, shape", [
    ("denoising-mnist", (3, 1, 36, 52)), ("srgan-mse-faces", (1, 3, 20, 33)), ("gan-mnist", (5, 64, 1, 1))])
def test_onnx_gives_the_same_values(name, shape, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    import torch

    from recon.checkpoints import load
    from recon.export import export_onnx

    checkpoint = load(name)
    facts = export_onnx(checkpoint, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    x = torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    theirs = torch.from_numpy(session.run(None, {"corrupted": x.numpy()})[0])
    assert (theirs - checkpoint.network(x)).abs().max() < 1e-3
    assert session.get_modelmeta().custom_metadata_map["sha256"] == checkpoint.card["sha256"] == facts["sha256"]


def test_onnx_without_its_packages_is_one_sentence(monkeypatch, tmp_path):
    from recon.core import ReconError
    from recon.export import export_onnx

    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ReconError, match=r"needs two more packages: pip install 'recon\[onnx\]'"):
        export_onnx("vae-mnist-2d", tmp_path / "x.onnx")
