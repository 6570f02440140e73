"""The app's functions, reached as other programs reach them; and what they must never do."""
import concurrent.futures
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from PIL import Image

from recon.cli import main
from recon.colour_transfer import read_hint
from recon.data import load_data
from recon.images import read_picture, save_picture
from recon.restore import Restorer

NAMES = {"denoise", "remove_artifact", "inpaint", "super_resolve", "colorize", "translate"}


@pytest.fixture(scope="module")
def client(app_url): return Client(app_url, verbose=False)


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    x = load_data("photos-tiny", "test")[0][:, 100:180, 200:296]
    return save_picture(x, tmp_path_factory.mktemp("photo") / "my photo.jpg")


def ask(client, name, path, **options):
    return client.predict(picture=handle_file(str(path)), api_name=f"/{name}", **options)


def values(path): return np.asarray(Image.open(path).convert("RGB"), float)


def test_every_function_is_named_and_described(client):
    shown = client.view_api(return_format="dict")["named_endpoints"]
    assert {n.lstrip("/") for n in shown} == NAMES | {"tasks"}, "and nothing else is public"
    for name in NAMES:
        assert len(shown[f"/{name}"]["description"]) > 40
        first, *others = shown[f"/{name}"]["parameters"]
        assert first["parameter_name"] == "picture" and all(p["parameter_has_default"] for p in others)
    tasks = client.predict(api_name="/tasks")
    assert set(tasks) == NAMES and "Strong noise" in tasks["denoise"]["corruptions"]
    assert "toy-colours" in tasks["colorize"]["models"] and "toy-scans" in tasks["translate"]["models"]


@pytest.mark.parametrize("name, options, factor", [
    ("denoise", {"corruption": "Strong noise"}, 1), ("remove_artifact", {"corruption": "Thin scratches"}, 1),
    ("remove_artifact", {"corners": "20,20\n40,50"}, 1),
    ("inpaint", {"corruption": "Square in the middle"}, 1), ("super_resolve", {}, 4),
    ("super_resolve", {"corruption": "Fewer pixels"}, 1),
    ("colorize", {"hints": "10,10,#c03020\n60,40,navy"}, 1), ("translate", {}, 1)])
def test_every_task_keeps_size_and_format_and_tells_what_it_did(client, photo, name, options, factor):
    ours, other, report = ask(client, name, photo, **options)
    assert ours.endswith("my-photo-restored.jpg") and Image.open(ours).format == "JPEG"
    assert Image.open(ours).size == (96 * factor, 80 * factor) and (other is None) == (report["baseline"] is None)
    if name == "translate": assert other is None and "No baseline" in report["notes"][-1]
    else: assert Image.open(other).size == Image.open(ours).size
    assert report["seconds"] > 0 and report["model"] and bool(report["corruption"]) == bool(report["metrics"])
    if report["metrics"]:
        assert {report["model"], report["baseline"], "corrupted"} >= set(report["metrics"])
        assert all(row["psnr"] > 3 for row in report["metrics"].values())


@pytest.fixture(scope="module")
def covered(tmp_path_factory):
    "A photograph with a white rectangle, and a mask of it and a stroke beside it."
    folder = tmp_path_factory.mktemp("covered")
    x = load_data("photos-tiny", "test")[0][:, 80:230, 160:350].clone()
    x[:, 40:80, 60:110] = 1.0
    mask = torch.full((1, 150, 190), -1.0)
    mask[:, 40:80, 60:110] = 1.0
    mask[:, 100:104, 20:150] = 1.0
    return save_picture(x, folder / "covered.png"), save_picture(mask, folder / "mask.png")


@pytest.mark.parametrize("task, model, marks", [
    ("denoise", "denoising-photos", ()), ("denoise", "denoising-fashion", ()), ("denoise", "dense-mnist-noisy", ()),
    ("remove_artifact", "resnet-gan-faces", ("mask",)), ("remove_artifact", "conv-ae-faces", ()),
    ("remove_artifact", "hole-cifar10", ("mask",)), ("inpaint", "hole-gan-cifar10", ("mask",)),
    ("super_resolve", "srresnet-photos", ()), ("colorize", "colorizer-photos", ("hints",)),
    ("translate", "pix2pix-facades", ()), ("translate", "toy-scans", ())])
def test_library_command_line_and_app_give_the_same_bytes(client, own_models, covered, tmp_path, task, model, marks):
    picture, mask = covered
    hints = ["30,40,#c03020", "120,90,navy"] if "hints" in marks else []
    if "mask" not in marks: mask = None
    folder = own_models / model if (own_models / model).exists() else model

    restored = Restorer(folder)(read_picture(picture, levels=True), mask, [read_hint(hint) for hint in hints])
    by_library = save_picture(restored.picture, tmp_path / "library.png")

    by_command = tmp_path / "command.png"
    options = [*(["--mask", str(mask)] if mask else []), *(part for hint in hints for part in ("--hint", hint))]
    assert main(["restore", str(picture), "--model", str(folder), "-o", str(by_command), *options]) == 0

    options = {"mask": handle_file(str(mask))} if mask else {}
    if hints: options["hints"] = "\n".join(hints)
    by_app, _, report = ask(client, task, picture, model=model, **options)
    assert by_library.read_bytes() == by_command.read_bytes() == Path(by_app).read_bytes()
    assert report["notes"][:len(restored.notes)] == list(restored.notes)


def test_only_marked_pixels_change(client, photo, tmp_path):
    png = save_picture(read_picture(photo), tmp_path / "p.png")
    mask = np.zeros((80, 96), np.uint8)
    mask[30:50, 20:70] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    ours, _, _ = ask(client, "remove_artifact", png, mask=handle_file(str(tmp_path / "mask.png")))
    changed = np.abs(values(ours) - values(png)).max(2) > 0
    assert not changed[mask == 0].any() and changed[mask > 0].mean() > 0.8


def test_the_seed_decides(client, photo):
    first, again, other = (values(ask(client, "denoise", photo, corruption="Strong noise", seed=seed)[0])
                           for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


@pytest.mark.parametrize("name, content, says", [
    ("empty.png", b"", "empty"), ("text.png", b"no picture at all", "not an image"),
    ("cut.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF", "")])
def test_bad_uploads_get_a_sentence(client, tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Exception) as caught: ask(client, "denoise", tmp_path / name)
    assert says in str(caught.value) and "Traceback" not in str(caught.value) and "/tmp" not in str(caught.value)


@pytest.mark.parametrize("wrong", [
    {"model": "dense-nothing"}, {"model": "../../secrets"}, {"corruption": "fire"}, {"seed": -1}])
def test_unknown_choices_are_refused(client, photo, wrong):
    with pytest.raises(Exception): ask(client, "denoise", photo, **wrong)


@pytest.mark.parametrize("path", [
    "/etc/passwd", "../../../etc/hostname", "http://127.0.0.1:9/x.png", "file:///etc/passwd"])
def test_no_path_and_no_address_of_a_client_is_opened(client, path):
    kind = {"meta": {"_type": "gradio.FileData"}}
    for picture in ({"path": path, **kind}, {"path": path, "url": path, **kind}):
        with pytest.raises(Exception) as caught: client.predict(picture=picture, api_name="/denoise")
        assert "root:" not in str(caught.value)


def test_strange_sizes_and_kinds(client, tmp_path):
    images = {"dot.png": Image.new("L", (1, 1)), "line.png": Image.new("RGB", (300, 2), "white"),
              "rgba.png": Image.new("RGBA", (50, 60))}
    for name, image in images.items():
        image.save(tmp_path / name)
        assert Image.open(ask(client, "denoise", tmp_path / name)[0]).size == image.size


def test_files_are_deleted_in_time(app, photo, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "files"))
    model = app.tasks.available_models("nowhere")["denoise"][0]
    job = app.inference.prepare(photo, "denoise", model, "as_it_is", model_dir="nowhere")
    app.inference.solve(job)  # loads the model: the files mustn't wait for that
    demo = app.page.build_demo("nowhere", keep=12)
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    try:
        mine = Client(url, verbose=False, download_files=False)
        ask(mine, "denoise", photo)
        made = [p for p in (tmp_path / "files").rglob("*photo*") if p.is_file()]
        assert len(made) >= 2, "the upload and the result"
        deadline = time.monotonic() + 120
        while any(p.exists() for p in made) and time.monotonic() < deadline: time.sleep(0.5)
        assert not any(p.exists() for p in made)
    finally: demo.close()


def test_fifty_requests_from_eight_clients(app_server, tmp_path):
    import psutil

    url, process, _ = app_server
    memory = psutil.Process(process.pid)
    done = threading.Event()
    peak = [0]

    def watch():
        while not done.wait(0.05): peak[0] = max(peak[0], memory.memory_info().rss)

    def visit(k):
        mine = Client(url, verbose=False)
        gaps = []
        for i in range(k, 50, 8):
            shade = Image.new("L", (24, 16), 5 * i)
            shade.save(tmp_path / f"{i}.png")
            ours, _, _ = ask(mine, "remove_artifact", tmp_path / f"{i}.png", corners="4,4\n8,8")
            kept = np.asarray(Image.open(ours), float).reshape(16, 24, -1)[:3]
            gaps.append(np.abs(kept - 5 * i).max())
        return gaps

    visit(0)
    before = memory.memory_info().rss
    threading.Thread(target=watch).start()
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool: gaps = sum(pool.map(visit, range(8)), [])
    finally: done.set()
    assert len(gaps) == 50 and max(gaps) == 0, "every client got the answer to its own question"
    assert peak[0] - before < 150 * 2**20, "memory is bounded"
