"""The page: its components, and what happens when somebody touches them."""
import contextlib
import functools
import inspect

import gradio as gr

from recon.checkpoints import load, model_card
from recon.core import ReconError
from recon.data import load_data
from recon.images import to_floats, to_pil
from recon.restore import example_images

from . import files, inference, views
from .api import add_endpoints
from .tasks import (
    BRUSH, CORRUPT, RECTANGLE, TASKS, available_models, example_pairs, input_modes, models_for, read_cards
)
from .theme import CSS, JS, build_theme

INTRO = """# Restore an image
Pick a task, then an example or an image of your own. A small neural network restores it, right here on this computer,
beside the best method from before such networks. **It draws what is likely, not what was there.**"""
PHOTOGRAPHS = ("coffee", "astronaut", "flower", "chelsea")
KEEP = 1800                                                         # seconds that files stay
QUIET = dict(api_visibility="private", show_progress="hidden")      # events that take a moment
IN_TURN = dict(QUIET, concurrency_id="tools", concurrency_limit=1)  # likewise; who chose last is shown last
SLOW = dict(api_visibility="private", concurrency_id="restore")


@functools.cache
def photographs():
    "Four photographs that come with scikit-image and scikit-learn."
    images = load_data("photos-tiny", "all")
    chosen = [i for name in PHOTOGRAPHS for i, key in enumerate(images.keys) if key.startswith(name)]
    return [views.thumbnail(images[i], 512) for i in chosen]


def examples(model, model_dir=None):
    "Images that suit a model: photographs, or what it was trained for."
    recipe = read_cards(model_dir)[model][0]
    if recipe.task == "translate": return [to_pil(x) for x in example_pairs(recipe, 4)[0]]
    if recipe.channels == 3: return photographs()
    return [to_pil(x) for x in example_images(load(model, model_dir=model_dir), 4)]


@contextlib.contextmanager
def one_sentence():
    "Show what went wrong as one sentence."
    try: yield
    except ReconError as e: raise gr.Error(str(e), title="That didn't work", print_exception=False) from e


def explained(function):
    "The same function, or generator function, whose errors are shown as one sentence."
    @functools.wraps(function)
    def call(*args):
        with one_sentence(): return function(*args)

    @functools.wraps(function)
    def generate(*args):
        with one_sentence(): yield from function(*args)

    return generate if inspect.isgeneratorfunction(function) else call


def image_row(height=190, **labels):
    "Images beside each other; element id → label."
    return [gr.Image(label=label, format="png", interactive=False, height=height, min_width=min(240, height - 40),
                     buttons=["fullscreen"], elem_id=name) for name, label in labels.items()]


def before_after_slider(pair=None):
    "Two images behind one handle; `style.css` keeps both whole and in the same place."
    return gr.ImageSlider(pair, label="Before and after", format="png", interactive=False, height=430,
                          elem_id="slider", buttons=["fullscreen"])


def hidden(): return gr.update(value=None, visible=False)


def shown_if_any(picture):
    "An update that shows an image, or hides its component where there is none."
    return hidden() if picture is None else gr.update(value=views.for_screen(picture.pixels), visible=True)


class Page:
    "The components of the page, and what happens when somebody touches them."

    def __init__(self, model_dir=None):
        self.model_dir = model_dir
        self.models = available_models(model_dir)
        if not self.models: raise ReconError("There are no models to show; train one with `recon train dense-digits`.")
        self.first = next(iter(self.models))
        titles = [(TASKS[task].title, task) for task in self.models]
        gr.Markdown(INTRO, elem_id="intro")
        self.task = gr.Radio(titles, value=self.first, label="What shall be done?", elem_id="task")
        with gr.Row(equal_height=False):
            with gr.Column(scale=4, min_width=320): self.build_inputs()
            with gr.Column(scale=6, min_width=320): self.build_results()
        self.job = gr.State(None, time_to_live=KEEP)
        self.upload = gr.State(None, time_to_live=KEEP)  # the path of the visitor's own image
        self.connect_restoration()
        self.connect_choices()
        self.connect_tools()

    def build_inputs(self):
        "The image, what is wrong with it, and the button."
        model = self.models[self.first][0]
        task = TASKS[self.first]
        modes = input_modes(self.first)
        images = examples(model, self.model_dir)
        self.description = gr.Markdown(task.description, elem_id="description")
        self.picture = files.image_upload(images[0])
        self.gallery = gr.Gallery(images, columns=4, rows=1, object_fit="cover", format="webp", allow_preview=False,
                                  elem_id="gallery", buttons=[], label="Or one of these examples")
        self.mode = gr.Radio(modes, value=modes[0][1], label="What is wrong with it?", elem_id="mode")
        self.corruption = gr.Dropdown(list(task.corruptions), label="Corruption", elem_id="corruption")
        self.build_tools()
        self.button = gr.Button("Restore", variant="primary", size="lg", elem_id="restore")
        with gr.Accordion("More choices", open=False):
            self.model = gr.Dropdown(self.models[self.first], value=model, label="Network, best first", elem_id="model")
            self.seed = gr.Number(0, label="Random seed of the app's corruption", precision=0, minimum=0, maximum=2**31)

    def build_tools(self):
        "What one points with: a brush, a board to touch, a colour."
        # What a session changes by `gr.update` or `gr.skip` Gradio builds anew, without the guards of `files`: so
        # `picture` and `canvas` only ever get values, and it is the column that comes and goes.
        with gr.Column(visible=False, min_width=0) as self.brushing: self.canvas = files.brush_canvas()
        self.board = gr.Image(label="Touch the image", interactive=False, visible=False, format="png",
                              elem_id="board", buttons=[])
        self.colour = gr.ColorPicker("#c03020", label="Colour for the next touch", visible=False, elem_id="colour")
        self.places = gr.Textbox(label="Places", lines=2, visible=False, elem_id="places", max_length=4000)

    def build_results(self):
        "The result, three ways to look at it, and the file."
        self.slider = before_after_slider()
        self.verdict = gr.Markdown(elem_id="verdict", container=True)
        self.file = gr.DownloadButton("Download the result", visible=False, elem_id="file")
        with gr.Tabs():
            with gr.Tab("Side by side"), gr.Row():
                self.images = image_row(before="Before", baseline="Baseline", restored="Network", truth="The truth")
            with gr.Tab("Invented pixels"):
                gr.Markdown("Which of these pixels did the model make up, and would others have drawn the same?")
                self.ask = gr.Button("Ask several models", elem_id="ask")
                with gr.Row(): self.maps = image_row(300, made_up="Made up", heat="Disagreement")
                self.summary = gr.Markdown(elem_id="summary")
            with gr.Tab("The network"):
                self.about = gr.Markdown(self.card(self.models[self.first][0]), elem_id="about")

    def connect_restoration(self):
        "What starts a restoration, and the question to several models."
        chosen = [self.upload, self.picture, self.task, self.model, self.mode, self.corruption, self.seed, self.canvas,
                  self.places]
        shown = [self.slider, self.verdict, self.file, *self.images, *self.maps, self.summary, self.job]
        self.restoration = dict(fn=explained(self.restore), inputs=chosen, outputs=shown, trigger_mode="once", **SLOW)
        self.button.click(**self.restoration)
        self.corruption.input(**self.restoration)
        self.ask.click(explained(self.show_invented), self.job, [*self.maps, self.summary], **SLOW)

    def connect_choices(self):
        "What follows from another task, model, mode or image."
        tools = self.tools = dict(
            fn=explained(self.show_tools), inputs=[self.picture, self.task, self.mode, self.model, self.places],
            outputs=[self.brushing, self.canvas, self.board, self.colour, self.places, self.corruption], **IN_TURN)
        image = [self.picture, self.upload, self.mode, self.places]
        task = [self.description, self.gallery, self.picture, self.mode, self.corruption, self.model, self.places]
        event = self.task.change(self.choose_task, [self.task, self.upload], task, **QUIET).then(**tools)
        event.then(self.stop_if_unmarked, [self.mode, self.picture], None, **QUIET).success(**self.restoration)
        event = self.gallery.select(self.choose_example, [self.task, self.model], image, **QUIET).then(**tools)
        event.success(**self.restoration)
        self.picture.upload(self.keep_upload, [self.picture, self.task, self.mode], image[1:], **QUIET).then(**tools)
        self.picture.clear(lambda: (None, ""), None, [self.upload, self.places], **QUIET)
        self.model.input(self.choose_model, [self.task, self.model, self.upload, self.picture],
                         [self.gallery, self.picture], **QUIET).then(**tools)
        self.model.change(self.card, self.model, self.about, **QUIET)
        self.mode.input(self.choose_mode, [self.task, self.mode], [self.model, self.places], **QUIET).then(**tools)

    def connect_tools(self):
        "What happens on the board."
        marks = dict(fn=explained(self.draw_marks), inputs=[self.picture, self.task, self.places], outputs=self.board,
                     **IN_TURN)
        touched = [self.picture, self.places, self.colour, self.task]
        self.board.select(self.add_place, touched, self.places, **QUIET).then(**marks)
        self.places.submit(**marks)

    def card(self, name): return model_card(read_cards(self.model_dir)[name][1])

    def choose_task(self, task, upload):
        "Another task: its models, modes and corruptions, and an example of its own unless the image is the visitor's."
        model = self.models[task][0]
        modes = input_modes(task)
        mode = self.mode_for_upload(task, modes[0][1]) if upload else modes[0][1]
        images = examples(model, self.model_dir)
        names = list(TASKS[task].corruptions)
        return (TASKS[task].description, images, upload or images[0],
                gr.update(choices=modes, value=mode, visible=len(modes) > 1),
                gr.update(choices=names, value=names[0] if names else None),
                gr.update(choices=models_for(task, mode, self.model_dir), value=model), "")

    def mode_for_upload(self, task, mode):
        "An image of one's own is corrupted already: the first mode that adds nothing to it."
        return next(iter(TASKS[task].modes.values())) if mode == CORRUPT else mode

    def choose_model(self, task, model, upload, path):
        "Examples for this model; what one translates would be nonsense to another."
        images = examples(model, self.model_dir)
        if upload: return images, upload
        return images, images[0] if task == "translate" else path

    def choose_mode(self, task, mode):
        "The models that can begin like that."
        models = models_for(task, mode, self.model_dir)
        return gr.update(choices=models, value=models[0]), ""

    def choose_example(self, task, model, event: gr.SelectData):
        "An example: the app corrupts it first, so that the truth is known."
        images = examples(model, self.model_dir)
        index = min(max(0, int(event.index)), len(images) - 1)
        return images[index], None, input_modes(task)[0][1], ""

    def keep_upload(self, path, task, mode):
        "Remember the visitor's own image on the server."
        return path, self.mode_for_upload(task, mode), ""

    def show_tools(self, path, task, mode, model, places):
        "Show the brush, the board or neither."
        brush = mode == BRUSH
        frame = mode == RECTANGLE
        dots = task == "colorize" and inference.get_restorer(model, self.model_dir).takes_hints
        canvas = files.canvas_value(views.board(inference.read_upload(path).pixels)) if path and brush else None
        board = self.draw_marks(path, task, places) if path and (frame or dots) else None
        touch = "Touch places to give them the colour" if dots else "Touch two opposite corners"
        lines = "Or write it, one place a line: x,y,colour" if dots else "Or write both corners, one a line: x,y"
        return (gr.update(visible=brush), canvas, gr.update(value=board, visible=frame or dots, label=touch),
                gr.update(visible=dots), gr.update(visible=frame or dots, label=lines),
                gr.update(visible=mode == CORRUPT))

    def draw_marks(self, path, task, places):
        "The image to touch, with what was touched."
        if not path: return None
        x = to_floats(inference.read_upload(path).pixels)
        if task == "colorize": x = x.mean(0, keepdim=True)
        return views.with_marks(x, *views.read_places(places), frame=task != "colorize")

    def add_place(self, path, places, colour, task, event: gr.SelectData):
        "One more line of what was touched; a third corner begins a new rectangle."
        scale = views.board_scale(inference.read_upload(path).size)
        place = ",".join(str(int(n * scale)) for n in event.index[:2])
        lines = [line for line in (places or "").splitlines() if line.strip()]
        if task == "colorize": return "\n".join([*lines, f"{place},{views.hex_colour(colour)}"])
        return "\n".join([*lines, place] if len(lines) < 2 else [place])

    def stop_if_unmarked(self, mode, path):
        "Work begins by itself unless something has to be marked first."
        if mode in (BRUSH, RECTANGLE) or not path: raise gr.Error("", visible=False, print_exception=False)

    def restore(self, upload, path, task, model, mode, corruption, seed, brushed, places):
        "Show the network's answer as soon as it is there, then the baseline's and what there is to say about both."
        job = inference.prepare(path or upload, task, model, mode, corruption or "", seed or 0, brushed, places or "",
                                self.model_dir)
        restored = inference.restore(job)
        before = views.for_screen(inference.input_at(job, restored.picture.size))
        after = views.for_screen(restored.picture.pixels)
        path = files.save_result(restored.picture)
        file = gr.update(value=path, visible=True, label=views.file_label(restored.picture))
        maps = [hidden(), hidden(), ""]
        waiting = gr.update(value=None, visible=True)
        yield (before, after), "Restored. Now the baseline …", file, before, waiting, after, hidden(), *maps, job
        result = inference.complete(job, restored)
        baseline = shown_if_any(result.baseline_picture)
        truth = shown_if_any(job.truth)
        yield (before, after), views.verdict(result), file, before, baseline, after, truth, *maps, result.job

    def show_invented(self, job):
        "Show several answers to the same question, and where they differ."
        if job is None: raise ReconError("Restore an image first.")
        made_up, deviation, picture, names = inference.invented(job)
        strongest = max(deviation.max().item(), 0.02)
        maps = [views.tinted(made_up, picture), views.heat_map((deviation / strongest * made_up).sqrt(), picture)]
        shown = [gr.update(value=image, visible=True) for image in maps]
        return *shown, views.invented_summary(made_up, deviation, names)


def build_demo(model_dir=None, keep=KEEP):
    "The app; `model_dir` adds checkpoints of your own, `keep` is for how many seconds files stay."
    model_dir = str(model_dir) if model_dir else None
    checked_every = max(1, min(60, keep // 10))
    options = dict(analytics_enabled=False, delete_cache=(checked_every, keep))
    with gr.Blocks(title="recon: restore an image", **options) as demo:
        page = Page(model_dir)
        demo.load(**page.restoration)
        add_endpoints(model_dir)
    return demo.queue(max_size=64, default_concurrency_limit=4)


def main(host="127.0.0.1", port=None, share=False, model_dir=None, open_browser=True):
    "Serve the app until Ctrl-C."
    demo = build_demo(model_dir)
    demo.launch(server_name=host, server_port=port, share=share, inbrowser=open_browser, theme=build_theme(), css=CSS,
                js=JS, max_file_size=inference.MAX_BYTES, footer_links=["api"])
