"""A visitor in front of the app: uploads, clicks, looks. Screenshots go to `screenshots/`."""
import re
from pathlib import Path

import pytest
import torch

from recon.checkpoints import load
from recon.corruptions import corruption
from recon.data import save_picture

SCREENSHOTS = Path(__file__).resolve().parent.parent / "screenshots"


@pytest.fixture()
def visit(browser, app_url):
    "Open the app; whatever it asks of other machines is recorded and refused."
    contexts = []

    def open_page(width=1280, height=1200, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.foreign, page.errors = [], []
        page.on("pageerror", lambda e: page.errors.append(str(e)))

        def guard(route):
            if route.request.url.startswith((app_url, "data:", "blob:")): return route.continue_()
            page.foreign.append(route.request.url)
            route.abort()

        context.route("**/*", guard)
        page.goto(f"{app_url}/?__theme={scheme}")
        page.wait_for_selector("#ours img", timeout=60_000)
        return page

    yield open_page
    for context in contexts: context.close()


def source(page, name): return page.locator(f"#{name} img").first.get_attribute("src")


def numbers(page):
    page.wait_for_function("document.querySelector('#numbers').innerText.includes('Damage:')", timeout=30_000)
    return page.locator("#numbers").inner_text()


def value(text, row):
    "The squared error in a row of the table."
    return float(re.search(rf"^{re.escape(row)}\s+([\d.]+)", text, re.M)[1])


def test_a_visitor_sees_a_result_at_once_and_nothing_is_asked_of_other_machines(visit):
    page = visit()
    text = numbers(page)
    assert value(text, "dense-mnist-noisy") < value(text, "damaged") / 3
    assert page.foreign == [], page.foreign
    assert page.errors == [], page.errors


def test_upload_and_repair(visit, tmp_path):
    digit = load("dense-mnist-noisy", model_dir="nowhere").examples()[20:21]
    noisy = corruption("gaussian_noise(sigma=0.3)")(digit, torch.Generator().manual_seed(0)).image
    page = visit()
    before = source(page, "ours")
    page.locator("#picture input[type=file]").first.set_input_files(save_picture(noisy[0], tmp_path / "noisy.png"))
    page.wait_for_function("old => document.querySelector('#ours img')?.src && document.querySelector('#ours img').src !== old", arg=before, timeout=30_000)
    middle = source(page, "ours")
    page.get_by_label("Damage").first.click()
    page.get_by_role("option", name="None: it is damaged already").click()
    page.wait_for_function("old => document.querySelector('#ours img')?.src && document.querySelector('#ours img').src !== old", arg=middle, timeout=30_000)
    page.wait_for_function("document.querySelector('#numbers').innerText.includes('can be measured')", timeout=30_000)
    page.locator("#go").click()
    page.wait_for_timeout(1500)
    assert page.locator("#slider img").count() >= 2 and page.errors == []


def test_another_digit_another_result(visit):
    page = visit()
    numbers(page)
    before = source(page, "original")
    page.locator("#gallery button.thumbnail-item, #gallery button.thumbnail-lg, #gallery .grid-container button").nth(5).click()
    page.wait_for_function("old => document.querySelector('#original img')?.src && document.querySelector('#original img').src !== old", arg=before, timeout=30_000)


def test_another_model_brings_its_own_pictures(visit):
    page = visit()
    numbers(page)
    before = source(page, "original")
    page.get_by_label("Model").first.click()
    page.get_by_role("option", name="dense-clothes").click()
    page.wait_for_function("old => document.querySelector('#original img')?.src && document.querySelector('#original img').src !== old", arg=before, timeout=30_000)
    page.wait_for_function("document.querySelector('#numbers').innerText.includes('dense-clothes')", timeout=30_000)
    page.get_by_text("About this model").click()
    page.get_by_text("patterns come back as blur").first.wait_for(timeout=10_000)


def test_a_drawing_is_repaired(visit):
    page = visit()
    numbers(page)
    before = source(page, "original")
    page.get_by_role("tab", name="Draw").click()
    canvas = page.locator("canvas").last
    canvas.wait_for(timeout=30_000)
    page.wait_for_timeout(1500)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y - 70)
    page.mouse.down()
    for dy in range(-70, 75, 10): page.mouse.move(x, y + dy)
    page.mouse.up()
    page.wait_for_timeout(1000)
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "space-drawing.png", full_page=True)
    page.get_by_role("button", name="Use the drawing").click()
    page.wait_for_function("old => document.querySelector('#original img')?.src && document.querySelector('#original img').src !== old", arg=before, timeout=30_000)
    page.screenshot(path=SCREENSHOTS / "space-drawing.png", full_page=True)
    assert page.errors == []


def test_a_bad_upload_shows_a_sentence(visit, tmp_path):
    (tmp_path / "text.png").write_text("this is no picture")
    page = visit()
    page.locator("#picture input[type=file]").first.set_input_files(tmp_path / "text.png")
    page.get_by_text("is not a picture that can be read").first.wait_for(timeout=30_000)


@pytest.mark.parametrize("width, scheme", [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_it_fits_on_the_screen(visit, width, scheme):
    page = visit(width, 1400, scheme)
    numbers(page)
    page.wait_for_timeout(1500)
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"space-{width}-{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"), "nothing sticks out sideways"
