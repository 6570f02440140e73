"""A visitor in front of the app: uploads, brushes, touches, looks. Screenshots go to `screenshots/`."""
import io
import os
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from recon.data import load_data
from recon.images import save_picture

SCREENSHOTS = Path(__file__).resolve().parent.parent / "screenshots"
WAIT = 1000 * int(os.environ.get("RECON_TEST_WAIT", 120))  # milliseconds; a free machine needs a second or two


@pytest.fixture()
def visit(browser, app_url):
    "Open the app; whatever it asks of other machines is recorded and refused."
    contexts = []

    def open_page(width=1280, height=1100, scheme="light"):
        view = {"width": width, "height": height}
        context = browser.new_context(viewport=view, color_scheme=scheme, has_touch=width < 500)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.foreign = []
        page.errors = []
        page.on("pageerror", lambda e: page.errors.append(str(e)))

        def guard(route):
            if route.request.url.startswith((app_url, "data:", "blob:")): return route.continue_()
            page.foreign.append(route.request.url)
            route.abort()

        context.route("**/*", guard)
        page.goto(f"{app_url}/?__theme={scheme}")
        result(page, "")
        return page

    yield open_page
    for context in contexts: context.close()


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    "A photograph of one's own, 120 × 90, with a white scratch."
    x = load_data("photos-tiny", "test")[0][:, 100:190, 200:320].clone()
    x[:, 40:46, 20:100] = 1.0
    return save_picture(x, tmp_path_factory.mktemp("photo") / "scratched.png")


def source(page, name):
    image = page.locator(f"#{name} img")
    return image.first.get_attribute("src") if image.count() else ""


def pixels(page, name):
    file = io.BytesIO(page.request.get(source(page, name)).body())
    return np.asarray(Image.open(file).convert("RGB"), float)


def result(page, before):
    "Wait for another result than before, and for what there is to say about it."
    page.wait_for_function("""old => { const i = document.querySelector('#restored img')
        const text = document.querySelector('#verdict')?.innerText ?? ''
        const done = !text.includes('Now the baseline')
        return i && i.src && i.src !== old && i.complete && done }""", arg=before, timeout=WAIT)
    return source(page, "restored")


def choose(page, task): page.locator("#task").get_by_text(task, exact=True).click()


def upload(page, path):
    "Give the app an image of one's own, and wait until it has arrived and nothing is going to be added to it."
    before = source(page, "picture")
    box = page.locator("#picture")
    if not box.locator("input[type=file]").count(): box.get_by_label("Clear").first.click()
    box.locator("input[type=file]").first.set_input_files(path)
    page.wait_for_function("""old => { const i = document.querySelector('#picture img')
        const mode = document.querySelector('#mode input:checked')
        return i && i.src && i.src !== old && mode?.value !== 'corrupt' }""", arg=before, timeout=WAIT)


def restore(page):
    before = source(page, "restored")
    page.locator("#restore").click()
    return result(page, before)


def test_a_visitor_sees_a_restored_image_at_once_and_nothing_is_asked_of_other_machines(visit):
    page = visit()
    text = page.locator("#verdict").inner_text()
    assert "nearer to the truth" in text and "PSNR" in text and "Baseline" in text
    corrupted, ours, truth = (pixels(page, n) for n in ("before", "restored", "truth"))
    assert ((ours - truth) ** 2).mean() < ((corrupted - truth) ** 2).mean() / 4
    assert page.locator("#slider img").count() >= 2
    assert page.foreign == [], page.foreign
    assert page.errors == [], page.errors


@pytest.mark.parametrize("task, factor", [("Denoise", 1), ("Enlarge", 4), ("Colorize", 1), ("Translate", 1)])
def test_upload_act_wait_and_the_result_is_of_the_right_size_and_new(visit, photo, task, factor, tmp_path):
    page = visit()
    before = source(page, "restored")
    choose(page, task)
    result(page, before)
    upload(page, photo)
    restore(page)
    with page.expect_download() as got: page.locator("#file").click()
    got.value.save_as(tmp_path / "out.png")
    assert got.value.suggested_filename == "scratched-restored.png"
    seen = Image.open(tmp_path / "out.png").convert("RGB")
    given = Image.open(photo)
    assert seen.size == (120 * factor, 90 * factor)
    gap = np.abs(np.asarray(seen.resize(given.size), float) - np.asarray(given, float)).mean()
    assert (0.2 if factor == 1 else 0) < gap < 130 and page.errors == []


def canvas_of(page):
    "The canvas, as soon as the image lies on it: that is the first step that can be undone."
    page.wait_for_function("""document.querySelector('#canvas canvas')
        && document.querySelector('#canvas [aria-label=Undo]')?.disabled === false""")
    return page.locator("#canvas canvas").last


def brush(page, left, right, height):
    "Draw a line over the canvas; places as shares of it."
    canvas = canvas_of(page)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x = box["x"] + box["width"] * left
    y = box["y"] + box["height"] * height
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 9):  # without a GPU each takes half a second
        page.mouse.move(x + box["width"] * (right - left) * step / 8, y)
    page.mouse.up()


def touch(page, x, y):
    "Touch the board; a place as shares of it. Wait until the mark is drawn."
    page.wait_for_function("""(() => { const i = document.querySelector('#board img')
        return i?.complete && i.naturalWidth > 0 })()""")
    before = source(page, "board")
    board = page.locator("#board img").first
    box = board.bounding_box()
    board.click(position={"x": box["width"] * x, "y": box["height"] * y})
    page.wait_for_function("""old => { const i = document.querySelector('#board img')
        return i?.complete && i.src !== old }""", arg=before)
    return page.locator("#places textarea").input_value().splitlines()


def test_a_scratch_is_brushed_away(visit, photo):
    page = visit()
    upload(page, photo)
    brush(page, 0.12, 0.88, 43 / 90)
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "space-brush.png", full_page=True)
    restore(page)
    before = pixels(page, "before")
    ours = pixels(page, "restored")
    changed = np.abs(before - ours).max(2) > 3
    rows = np.nonzero(changed.any(1))[0] / len(changed)
    assert 0.3 < rows.min() < 43 / 90 < rows.max() < 0.65, "only where the brush was"
    white = (before[..., :].min(2) > 250) & changed
    assert white.sum() > 500 and ours[white].mean() < 240, "the scratch is gone"
    assert "Nobody knows" in page.locator("#verdict").inner_text() and page.errors == []


def test_a_hole_in_a_rectangle_from_two_touches(visit, photo):
    page = visit()
    before = source(page, "restored")
    choose(page, "Fill a hole")
    result(page, before)
    upload(page, photo)
    page.locator("#mode").get_by_text("A rectangle", exact=True).click()
    for share, lines in ((0.4, 1), (0.6, 2)): assert len(touch(page, share, share)) == lines
    restore(page)
    changed = np.abs(pixels(page, "before") - pixels(page, "restored")).max(2) > 0
    share = changed.mean()
    assert 0.01 < share < 0.09 and changed[len(changed) // 2, changed.shape[1] // 2 - 5:].any()


def test_dots_of_colour_are_obeyed(visit, photo):
    page = visit()
    before = source(page, "restored")
    choose(page, "Colorize")
    result(page, before)
    upload(page, photo)
    restore(page)
    free = pixels(page, "restored")
    assert "#c03020" in touch(page, 0.3, 0.4)[0]
    restore(page)
    assert np.abs(pixels(page, "restored") - free).max() > 2
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "space-colours.png", full_page=True)


def test_invented_pixels_are_shown_and_called_no_evidence(visit):
    page = visit()
    page.get_by_role("tab", name="Invented pixels").click()
    page.locator("#ask").click()
    page.get_by_text("None of this is evidence").wait_for(timeout=WAIT)
    page.wait_for_function("['#heat', '#made_up'].every(id => document.querySelector(`${id} img`)?.complete)")
    orange = pixels(page, "made_up")
    assert 0.005 < (orange[..., 0] - orange[..., 2] > 60).mean() < 0.4
    assert pixels(page, "heat").max() > 150


def test_a_bad_upload_shows_a_sentence(visit, tmp_path):
    (tmp_path / "text.png").write_text("this is no image")
    page = visit()
    box = page.locator("#picture")
    if not box.locator("input[type=file]").count(): box.get_by_label("Clear").first.click()
    box.locator("input[type=file]").first.set_input_files(tmp_path / "text.png")
    page.get_by_text("is not an image that can be read").first.wait_for(timeout=WAIT)


def test_an_empty_brush_is_explained(visit, photo):
    page = visit()
    upload(page, photo)
    canvas_of(page)
    page.locator("#restore").click()
    page.get_by_text("Nothing is marked yet").first.wait_for(timeout=WAIT)


def test_ones_own_picture_stays_when_the_task_changes(visit, photo):
    page = visit()
    upload(page, photo)
    before = source(page, "restored")
    choose(page, "Denoise")
    result(page, before)
    with page.expect_download() as got: page.locator("#file").click()
    assert got.value.suggested_filename == "scratched-restored.png" and page.locator("#picture img").count()


def test_two_users_at_once_get_their_own_images(visit, tmp_path):
    pages = [visit(), visit()]
    for page, shade in zip(pages, (40, 200)):
        Image.new("RGB", (64, 48), (shade,) * 3).save(tmp_path / f"{shade}.png")
        before = source(page, "restored")
        choose(page, "Enlarge")
        result(page, before)
        upload(page, tmp_path / f"{shade}.png")
    before = [source(page, "restored") for page in pages]
    for page in pages: page.locator("#restore").click()
    for page, old, shade in zip(pages, before, (40, 200)):
        result(page, old)
        assert abs(pixels(page, "restored")[20:-20, 20:-20].mean() - shade) < 25


def test_the_keyboard_is_enough(visit):
    page = visit()
    before = source(page, "restored")
    page.locator("#task input").first.focus()
    page.keyboard.press("ArrowRight")
    second = result(page, before)
    page.get_by_role("button", name="More choices").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Random seed").first.focus()
    page.keyboard.press("ArrowUp")  # else the same image would come again, at the same address
    page.locator("#restore").focus()
    page.keyboard.press("Enter")
    result(page, second)


def test_everything_has_a_name_for_those_who_cannot_see(visit):
    page = visit()
    nameless = page.evaluate("""[...document.querySelectorAll('button, input, textarea, select')].filter(e =>
        e.offsetParent && e.type !== 'file' && !(e.innerText?.trim() || e.getAttribute('aria-label') || e.title
        || e.labels?.length || e.getAttribute('aria-labelledby'))).map(e => e.outerHTML.slice(0, 120))""")
    assert nameless == [], nameless
    without_alt = "[...document.querySelectorAll('img')].filter(i => i.offsetParent && !i.hasAttribute('alt')).length"
    assert page.evaluate(without_alt) == 0


@pytest.mark.parametrize("width, scheme", [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_it_fits_on_the_screen(visit, width, scheme):
    page = visit(width, 1100, scheme)
    page.wait_for_function("""[...document.querySelectorAll('img')].filter(i => i.offsetParent)
        .every(i => i.complete || i.loading === 'lazy')""")
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"space-{width}-{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"), "nothing sticks out sideways"


def striped(width, height):
    "Slanted colours, a red line at the top and a green one at the bottom."
    y, x = np.mgrid[:height, :width]
    image = np.stack([x * 200 // width, y * 200 // height, (x + y) % 97 * 2], -1).astype(np.uint8)
    image[:12] = 255, 0, 0
    image[-12:] = 0, 255, 0
    return Image.fromarray(image)


@pytest.mark.parametrize("size", [(512, 512), (640, 300), (300, 640)])
def test_the_slider_shows_both_images_whole_and_in_the_same_place(app, browser, size):
    pair = (striped(*size), striped(*size))
    with gr.Blocks(analytics_enabled=False) as demo: app.page.before_after_slider(pair)
    url = demo.launch(prevent_thread_lock=True, quiet=True, css=app.theme.CSS)[1]
    try:
        for view in ({"width": 1440, "height": 900}, {"width": 390, "height": 844}):
            page = browser.new_page(viewport=view)
            page.goto(url)
            page.wait_for_function("""() => { const all = [...document.querySelectorAll('#slider .slider-wrap img')]
                return all.length === 2 && all.every(i => i.complete && i.naturalWidth) }""")
            page.add_style_tag(content="#slider .outer, #slider label, #slider button {visibility: hidden !important}")
            page.wait_for_timeout(300)
            both = shot(page.locator("#slider"))
            page.add_style_tag(content="#slider img.fixed {display: none}")
            single = shot(page.locator("#slider"))
            page.close()
            assert np.abs(both - single).max() < 60, "no seam where the halves meet"
            red = (both[..., 0] > 200) & (both[..., 1:].max(-1) < 60)
            green = (both[..., 1] > 200) & (both[..., ::2].max(-1) < 60)
            assert red.any() and green.any(), "first and last rows are visible"
    finally: demo.close()


def shot(locator): return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB"), float)
