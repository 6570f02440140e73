"""Try the trained models of recon in a browser: `recon demo`, or as a Hugging Face Space."""
import functools
import os
import re

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
import torch
from PIL import Image, ImageDraw
from torch.nn import functional as F

from recon.baselines import baseline
from recon.checkpoints import checkpoint_names, load, model_card
from recon.corruptions import corruption
from recon.data import INFO, Picture, ReconError, fit_pixels, load_data, read_picture, to_pil, to_uint8
from recon.metrics import Protocol, measure, metrics_table
from recon.restore import Restorer

OWN = "What this model is for"
DAMAGES = {
    "Gaussian noise": lambda s, side: f"gaussian_noise(sigma={s})",
    "Salt and pepper": lambda s, side: f"salt_and_pepper(amount={min(1.0, s)})",
    "White rectangle": lambda s, side: f"rectangle(size={max(1, round(s * side / 2))})",
    "Strokes of a pen": lambda s, side: f"free_form(strokes={max(1, round(8 * s))})",
    OWN: None,
    "None: it is damaged already": lambda s, side: "none",
}
CLASSICAL = {"Gaussian filter": "gaussian", "Total variation": "tv", "Non-local means": "nlm", "Wavelets": "wavelet", "Median": "median",
             "Telea, told where": "telea", "Navier–Stokes, told where": "navier_stokes", "Biharmonic, told where": "biharmonic"}
LARGEST = 1024  # pixels per side that the demo works on
INTRO = """# recon: see how machines repair pictures
Choose a digit, or draw or upload one; damage it; and watch an autoencoder bring it back, beside what a classical filter makes
of the same pixels. Everything runs on this computer.

**It draws what is likely, not what was there.** Where damage hides something, the network invents it, and doesn't tell you."""
THEME = gr.themes.Soft(primary_hue="blue", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
# Small pictures are shown enlarged, pixel by pixel; a blurred enlargement would hide what the network really sees.
CSS = """.pixels img {image-rendering: pixelated}
#picture img {width: 100%; height: 100%; object-fit: contain}
#numbers td, #numbers th {white-space: nowrap; padding: 4px 8px}"""


def picture_box(value):
    "An upload that hands over the file as it is, so that `read_picture` can say what is wrong with it."
    box = gr.Image(label="Your picture", value=value, format="png", sources=["upload", "clipboard"], height=230, elem_classes="pixels", elem_id="picture")
    box.preprocess = lambda payload: payload.path if payload else None
    return box


@functools.lru_cache(maxsize=8)
def restorer(name, model_dir): return Restorer(load(name, model_dir=model_dir))


@functools.lru_cache(maxsize=64)
def classical_method(kind, damage, name, model_dir):
    "A filter whose strength suits this damage, chosen on the checkpoint's examples; where size or colours are lost, the model's own rival."
    checkpoint = restorer(name, model_dir).checkpoint
    clean = pictures_for(checkpoint)
    damaged = corruption(damage)(clean, torch.Generator().manual_seed(0)).image
    kind = CLASSICAL[kind] if damaged.shape == clean.shape else (checkpoint.recipe.baselines or ("identity",))[0]
    return kind, baseline(kind).fit(clean, damaged)


def pictures_for(checkpoint, n=64):
    "Test pictures that the checkpoint brings; else embedded ones that resemble its data."
    if len(own := checkpoint.examples()): return own
    recipe = checkpoint.recipe
    kin = [name for name, info in INFO.items() if info.embedded and name.split("-")[0] == recipe.data.rstrip("0123456789")]
    x = load_data((kin or ["photos-tiny" if recipe.channels == 3 else "digits28"])[0], "all", size=recipe.size, channels=recipe.channels).stack()
    return x[::max(1, len(x) // n)][:n]


def damage_spec(damage, strength, model, side, model_dir):
    "The corruption that a choice in the menu means."
    recipe = restorer(model, model_dir).checkpoint.recipe
    return (recipe.tests or (recipe.corruption,))[0] if damage == OWN else DAMAGES[damage](float(strength), side)


def centre_digit(x, size):
    "Lay a drawn digit as MNIST does: light on dark, 20/28 of the side, its centre of mass in the middle."
    ink = x[0] / 2 + 0.5
    border = torch.cat([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
    ink = 1 - ink if border.mean() > 0.5 else ink
    rows, columns = ((ink > 0.3).any(d).nonzero()[:, 0] for d in (1, 0))
    if not len(rows): return torch.full((1, size, size), -1.0)
    ink = ink[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
    side, margin = max(ink.shape), size // 7
    top, left = (side - ink.shape[0]) // 2, (side - ink.shape[1]) // 2
    square = F.pad(ink, (left, side - ink.shape[1] - left, top, side - ink.shape[0] - top))
    small = F.interpolate(square[None, None], size=size - 2 * margin, mode="bilinear", antialias=True)[0, 0]
    placed = F.pad(small, (margin,) * 4)
    mass = placed / placed.sum().clamp(min=1e-6)
    shift = [round(size / 2 - 0.5 - (mass.sum(d) * torch.arange(size)).sum().item()) for d in (1, 0)]
    shift = [max(-margin, min(margin, s)) for s in shift]
    return (placed.roll(shift, (0, 1))[None] * 2 - 1).clamp(-1, 1)


def prepare(picture, repairer):
    "The picture as the network sees it, `[1, C, H, W]`."
    see, recipe, x = repairer.sight, repairer.checkpoint.recipe, picture.pixels
    if repairer.fit == "whole":
        if x.shape[-2:] == (see.size, see.size) or not recipe.data.startswith(("mnist", "digits")):
            return (fit_pixels(to_uint8(x), see.size, recipe.channels).float() / 127.5 - 1)[None]
        return centre_digit(x.mean(0, keepdim=True), see.size)[None]
    shrink = min(1.0, LARGEST / max(x.shape[-2:]))
    if shrink < 1: x = F.interpolate(x[None], scale_factor=shrink, mode="bicubic", antialias=True)[0].clamp(-1, 1)
    return (x.expand(3, -1, -1) if recipe.channels == 3 else x.mean(0, keepdim=True))[None]


def enlarged(x):
    "A PIL picture large enough to be looked at, pixels staying pixels."
    times = max(1, 280 // max(x.shape[-2:]))
    return to_pil(x.repeat_interleave(times, -1).repeat_interleave(times, -2))


def dotted(x, dots):
    "An enlarged picture with the dots that were put on it."
    image = enlarged(x).convert("RGB" if dots else enlarged(x).mode)
    for left, top, colour, *_ in dots:
        ImageDraw.Draw(image).ellipse([left - 6, top - 6, left + 6, top + 6], fill=colour, outline="white", width=2)
    return image


def as_hints(dots, x):
    "Dots on an enlarged picture, in pixels of the picture itself."
    times = max(1, 280 // max(x.shape[-2:]))
    return [(int(left) // times, int(top) // times, colour) for left, top, colour, *_ in dots]


def hex_colour(chosen):
    "What a colour picker gives, `#c03020` or `rgba(192.1, 48, 32, 1)`, in one form."
    if chosen.startswith("#"): return chosen[:7]
    return "#" + "".join(f"{min(255, round(float(n))):02x}" for n in re.findall(r"[\d.]+", chosen)[:3])


def repair(picture, model, damage, strength, seed, classical, dots=(), model_dir=None):
    "Damage a picture, repair it both ways, and measure."
    if not picture: raise gr.Error("Choose a digit, or draw or upload a picture first.")
    try:
        repairer = restorer(model, model_dir)
        clean = prepare(read_picture(picture, max_pixels=25_000_000), repairer)
        spec = damage_spec(damage, strength, model, clean.shape[-1], model_dir)
        damaged, mask = corruption(spec)(clean, torch.Generator().manual_seed(int(seed or 0)))
        # A colorizer takes the lightness itself, from the photograph.
        given = clean if repairer.finds_colours and damage == OWN else damaged
        dots = [dot for dot in dots if dot[3:] == (picture, model)] if repairer.takes_hints else []
        ours = repairer(Picture(given[0]), hints=as_hints(dots, clean)).picture.pixels[None]
        classical, method = classical_method(classical, spec if spec != "none" else "gaussian_noise(sigma=0.2)", model, model_dir)
        filtered, clean = method(damaged, mask), clean[..., :ours.shape[-2], :ours.shape[-1]]
    except ReconError as e: raise gr.Error(str(e)) from e
    if damaged.shape[1] not in (1, 3): damaged = damaged[:, :1]
    shown = [enlarged(clean[0]), dotted(damaged[0], dots), enlarged(filtered[0]), enlarged(ours[0])]
    return *shown, (shown[1], shown[3]), report(clean, damaged, filtered, ours, classical, model, spec)


def report(clean, damaged, filtered, ours, classical, model, spec):
    "The numbers, or why there are none."
    if spec == "none":
        return "Nothing was added, so the truth isn't known and nothing can be measured. Compare the pictures, and doubt the details."
    names = ("mse", "psnr", "ssim") if min(clean.shape[-2:]) >= 11 else ("mse", "psnr")
    rows = {"damaged": damaged, classical: filtered, model: ours}
    return metrics_table({n: measure(y, clean, names) for n, y in rows.items() if y.shape == clean.shape}, Protocol()) + f"\n\nDamage: `{spec}`"


def examples(model, model_dir=None):
    "A few held-out test pictures."
    return [to_pil(x) for x in pictures_for(load(model, model_dir=model_dir))[:12]]


def choose_picture(pictures):
    "The left column: a picture, and three ways to get one."
    picture, chosen = picture_box(pictures[0] if pictures else None), gr.State(pictures)
    with gr.Tabs():
        with gr.Tab("Test pictures"):
            gr.Markdown("Pictures that this model has not been trained on.")
            gallery = gr.Gallery(pictures, columns=4, height="auto", format="png", allow_preview=False, show_label=False, elem_classes="pixels", elem_id="gallery")
        with gr.Tab("Draw"):
            # With a sheet of paper under it, the editor begins with the brush in hand.
            pad = gr.ImageEditor(Image.new("RGB", (280, 280), "white"), label="Draw a digit", type="pil", image_mode="RGB", canvas_size=(280, 280), sources=(),
                                 transforms=(), layers=False, height=400, brush=gr.Brush(default_size=16, colors=["#000000"], color_mode="fixed"))
            use = gr.Button("Use the drawing")

    def pick(kept, event: gr.SelectData): return kept[event.index]

    gallery.select(pick, chosen, picture, api_visibility="private")
    use.click(lambda sketch: (sketch or {}).get("composite"), pad, picture, api_visibility="private")
    return picture, gallery, chosen


def build_demo(model_dir=None):
    "The app; `model_dir` adds checkpoints of your own."
    model_dir = str(model_dir) if model_dir else None
    models = checkpoint_names(model_dir, task="repair")
    if not models: raise ReconError("There are no models to show; train one with `recon train dense-digits`.")
    first = "dense-mnist-noisy" if "dense-mnist-noisy" in models else models[0]
    card = lambda name: model_card(load(name, model_dir=model_dir).card)

    def switch(name, dataset):
        "The card of another model; and pictures of its own kind, unless the ones at hand will do."
        recipe = load(name, model_dir=model_dir).recipe
        blank = torch.zeros(1, recipe.channels, recipe.size, recipe.size)
        damaged, hidden = corruption(recipe.corruption)(blank, torch.Generator().manual_seed(0))
        task = (OWN, "Telea, told where") if hidden is not None or damaged.shape != blank.shape else ("Gaussian noise", "Gaussian filter")
        shown = examples(name, model_dir) if recipe.data != dataset else []
        wishes = gr.update(visible=restorer(name, model_dir).takes_hints)
        return card(name), recipe.data, wishes, *task, *([shown, shown, shown[0]] if shown else [gr.skip()] * 3)

    def add_dot(dots, colour, picture, name, event: gr.SelectData):
        "A dot of colour where the damaged picture was touched."
        return [*dots, (*event.index, hex_colour(colour), picture, name)] if restorer(name, model_dir).takes_hints else gr.skip()

    with gr.Blocks(title="recon", analytics_enabled=False, delete_cache=(3600, 24 * 3600)) as demo:
        gr.Markdown(INTRO)
        with gr.Row():
            with gr.Column(scale=2, min_width=320):
                picture, gallery, chosen = choose_picture(examples(first, model_dir))
            with gr.Column(scale=3, min_width=320):
                with gr.Row():
                    model = gr.Dropdown(models, value=first, label="Model")
                    damage = gr.Dropdown(list(DAMAGES), value="Gaussian noise", label="Damage")
                    classical = gr.Dropdown(list(CLASSICAL), value="Gaussian filter", label="Classical rival")
                with gr.Row():
                    strength = gr.Slider(0, 1, value=0.5, step=0.05, label="Strength")
                    seed = gr.Number(0, label="Chance (seed)", precision=0, minimum=0, maximum=2**31)
                with gr.Group(visible=restorer(first, model_dir).takes_hints) as wishes:
                    gr.Markdown("**Colours you wish:** choose one, then touch the damaged picture where it belongs.", padding=True)
                    with gr.Row():
                        colour, remove = gr.ColorPicker("#c03020", label="Colour", elem_id="colour"), gr.Button("Remove the dots", elem_id="remove")
                go = gr.Button("Damage and repair", variant="primary", elem_id="go")
                with gr.Row():
                    outputs = [gr.Image(label=n, format="png", interactive=False, height=190, min_width=130, elem_classes="pixels", elem_id=i, buttons=["download"])
                               for n, i in (("Original", "original"), ("Damaged", "damaged"), ("Classical", "classical"), ("Ours", "ours"))]
                with gr.Row():
                    with gr.Column(min_width=300): numbers = gr.Markdown(elem_id="numbers")
                    with gr.Column(min_width=300):
                        slider = gr.ImageSlider(label="Before and after", format="png", interactive=False, height=330, elem_classes="pixels", elem_id="slider")
        with gr.Accordion("About this model: data, numbers, limits", open=False): about = gr.Markdown(card(first))
        dots = gr.State([])  # (x, y, colour, picture, model): dots of another picture stay with it
        inputs, results = [picture, model, damage, strength, seed, classical, dots], [*outputs, slider, numbers]
        run = functools.partial(repair, model_dir=model_dir)
        gr.on([go.click, demo.load, picture.change, model.change, damage.change, strength.release, seed.submit, classical.change, dots.change],
              run, inputs, results, api_name="repair", show_progress="minimal")
        dataset = gr.State(load(first, model_dir=model_dir).recipe.data)
        outputs[1].select(add_dot, [dots, colour, picture, model], dots, api_visibility="private")
        remove.click(list, None, dots, api_visibility="private")
        model.change(switch, [model, dataset], [about, dataset, wishes, damage, classical, gallery, chosen, picture], api_visibility="private")
    return demo.queue(max_size=32, default_concurrency_limit=2)


def main(host="127.0.0.1", port=None, share=False, model_dir=None, open_browser=True):
    "Serve the app until Ctrl-C."
    build_demo(model_dir).launch(server_name=host, server_port=port, share=share, inbrowser=open_browser, max_file_size="20mb",
                                 theme=THEME, css=CSS, footer_links=["api"])


if __name__ == "__main__":
    main(host="0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1", open_browser=False)
