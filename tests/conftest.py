"""What several tests need: the running app, and a browser."""
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

# Two test processes on two cores: with two threads each they would get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
RECON = [sys.executable, "-c", "import sys; from recon.cli import main; sys.exit(main())"]  # the command line
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")


def find_browser():
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def install_browser():
    "The system's package manager where we may use it, else Playwright's own download."
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": env}
        subprocess.run(["apt-get", "update", "-qq"], **quiet)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], **quiet)
        if found := find_browser(): return {"executable_path": found}
    done = subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], capture_output=True, text=True)
    return {} if done.returncode == 0 else None


@pytest.fixture(scope="session")
def browser():
    "A headless Chromium."
    from playwright.sync_api import sync_playwright

    options = {"executable_path": found} if (found := find_browser()) else install_browser()
    if options is None:
        if os.environ.get("CI"): pytest.fail("There is no Chromium, and none could be installed.")
        pytest.skip("There is no Chromium, and none could be installed; the app wasn't tested in a browser.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(args=["--no-sandbox"], **options)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def app():
    "The app's package, to call its functions without a server."
    from recon.cli import load_app

    load_app("space")
    return sys.modules["recon_space"]


TOYS = {
    "toy-colours": dict(task="colorize", network="colorizer(width=8)", corruption="lightness(hints=(1, 8))",
                        fit="chroma", data="photos-tiny", size=64, channels=3),
    "toy-scans": dict(task="translate", network="conv_denoiser(width=8, blocks=1)", data="phantoms(n=40)", size=64,
                      channels=1),
}


@pytest.fixture(scope="session")
def own_models(tmp_path_factory):
    "Checkpoints as a visitor may have trained them: a few steps of a colorizer, and of a translator."
    import torch

    from recon.checkpoints import save_checkpoint
    from recon.corruptions import build_corruption
    from recon.data import load_data
    from recon.recipes import Recipe, build_network

    folder = tmp_path_factory.mktemp("models")
    for name, facts in TOYS.items():
        recipe = Recipe(name=name, title="A toy", chapter="tests", **facts)
        torch.manual_seed(0)
        network = build_network(recipe)
        images = load_data(recipe.data, "train", size=recipe.size, channels=recipe.channels).stack(8)
        rng = torch.Generator().manual_seed(0)
        if isinstance(images, tuple): a, b = images
        else:
            a = build_corruption(recipe.corruption)(images, rng).image
            b = images
        optimizer = torch.optim.Adam(network.parameters(), 2e-3)
        for _ in range(6):
            loss = (network(a) - b).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        save_checkpoint(folder / name, network.eval(), recipe, {}, half=False)
    return folder


def served(command, log, *options, path="", env=()):
    "An app as `recon COMMAND` serves it, in a process of its own, as soon as it answers: its address, and the process."
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    line = [*RECON, command, "--port", str(port), "--no-open", *options]
    with log.open("w") as out:
        env = {**os.environ, "OMP_NUM_THREADS": "1", **dict(env)}
        process = subprocess.Popen(line, stdout=out, stderr=subprocess.STDOUT, cwd=ROOT, env=env)
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            assert process.poll() is None, log.read_text()
            try:
                urllib.request.urlopen(url + path, timeout=30).read()
                break
            except OSError: time.sleep(0.3)
        else: raise AssertionError(log.read_text())
        yield url, process
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="session")
def app_server(tmp_path_factory, own_models):
    "The demo: address, process, and the folder of its files."
    folder = tmp_path_factory.mktemp("app")
    env = {"GRADIO_TEMP_DIR": str(folder / "files")}
    for url, process in served("demo", folder / "log.txt", "--model-dir", str(own_models), env=env):
        yield url, process, folder / "files"


@pytest.fixture(scope="session")
def app_url(app_server): return app_server[0]
