"""Restore an image in a browser with the trained models of recon: `recon demo`, or as a Hugging Face Space."""
import contextlib
import functools
import inspect
import os
import sys
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
sys.path.insert(0, str(Path(__file__).resolve().parent))  # the modules beside this one, also when `recon demo` loads it

import gradio as gr

import routes
import doors
import views
import work
from tasks import TASKS, cards, finds, models_at_hand, pairs_for, pictures_for, task_of
from recon.checkpoints import load, model_card
from recon.core import ReconError
from recon.data import load_data
from recon.images import to_floats, to_pil

INTRO = """# Restore an image
Pick a task, then an example or an image of your own. A small neural network restores it, right here on this computer,
beside the best method from before such networks. **It draws what is likely, not what was there.**"""
THEME = gr.themes.Soft(primary_hue="orange", secondary_hue="orange", neutral_hue="stone", radius_size="lg", font=["system-ui", "sans-serif"],
                       font_mono=["ui-monospace", "monospace"])
RUST, PLAIN = "#c2410c", {"background_fill": "*block_background_fill", "text_color": "*body_text_color"}  # rust is dark enough for white letters
for part in ("button_primary_background_fill", "checkbox_label_background_fill_selected"):
    for suffix in ("", "_dark"): setattr(THEME, part + suffix, RUST)  # `THEME.set` would undo what Soft is made of
for part, value in PLAIN.items():
    for name in (f"block_{kind}_{part}{suffix}" for kind in ("title", "label") for suffix in ("", "_dark")): setattr(THEME, name, value)
THEME.block_title_padding, THEME.button_primary_background_fill_hover = "0", "#9a3412"
CSS, JS = ((Path(__file__).parent / name).read_text(encoding="utf-8") for name in ("style.css", "page.js"))
ADD = "add"


def ways(task):
    "How a task may begin, as (label, value)."
    own = list(TASKS[task].own.items())
    return [(TASKS[task].added, ADD), *own] if TASKS[task].added else own


@functools.cache
def photographs():
    "Four photographs that come with scikit-image and scikit-learn."
    photos = load_data("photos-tiny", "all")
    chosen = [i for name in ("coffee", "astronaut", "flower", "chelsea") for i, key in enumerate(photos.keys) if key.startswith(name)]
    return [views.fitted(photos[i], 512) for i in chosen]


def examples(model, model_dir=None):
    "Images that suit a model: photographs, or what it was trained for."
    recipe = cards(model_dir)[model][0]
    if task_of(recipe) == "translate": return [to_pil(x) for x in pairs_for(recipe, 4)[0]]
    return photographs() if recipe.channels == 3 else [to_pil(x) for x in pictures_for(load(model, model_dir=model_dir), 4)[:4]]


def models_for(task, way, model_dir=None):
    "Who can do a task that begins this way, best first."
    names = models_at_hand(model_dir)[task]
    return [n for n in names if finds(n, model_dir)] or names if way == "find" else names


@contextlib.contextmanager
def said():
    "What went wrong, as one sentence."
    try: yield
    except ReconError as e: raise gr.Error(str(e), title="That didn't work", print_exception=False) from e


def sentence(function):
    "Show what went wrong as one sentence."
    @functools.wraps(function)
    def run(*args):
        with said(): return function(*args)

    @functools.wraps(function)
    def steps(*args):
        with said(): yield from function(*args)
    return steps if inspect.isgeneratorfunction(function) else run


def looks(height=190, **labels):
    "Images beside each other."
    return [gr.Image(label=label, format="png", interactive=False, height=height, min_width=min(240, height - 40), buttons=["fullscreen"], elem_id=name)
            for name, label in labels.items()]


class Page:
    "The components of the page, and what happens when somebody touches them."

    def __init__(self, model_dir=None):
        self.model_dir, self.hand = model_dir, models_at_hand(model_dir)
        if not self.hand: raise ReconError("There are no models to show; train one with `recon train dense-digits`.")
        self.first = next(iter(self.hand))
        gr.Markdown(INTRO, elem_id="intro")
        self.task = gr.Radio([(TASKS[t].title, t) for t in self.hand], value=self.first, label="What shall be done?", elem_id="task")
        with gr.Row(equal_height=False):
            with gr.Column(scale=4, min_width=320): self.left()
            with gr.Column(scale=6, min_width=320): self.right()
        self.wire()

    def left(self):
        "The image, what is wrong with it, and the button."
        model = self.hand[self.first][0]
        images = examples(model, self.model_dir)
        self.what = gr.Markdown(TASKS[self.first].what, elem_id="what")
        self.picture = doors.upload(images[0])
        self.gallery = gr.Gallery(images, columns=4, rows=1, object_fit="cover", format="webp", allow_preview=False, elem_id="gallery", buttons=[],
                                  label="Or one of these examples")
        self.way = gr.Radio(ways(self.first), value=ways(self.first)[0][1], label="What is wrong with it?", elem_id="way")
        self.corrupt = gr.Dropdown(list(TASKS[self.first].corruptions or []), label="Damage", elem_id="damage")
        # What a session changes by `gr.update` or `gr.skip` Gradio builds anew, without the guards of `doors`: so `picture` and `canvas` only ever
        # get values, and it is the column that comes and goes.
        with gr.Column(visible=False, min_width=0) as self.brushing: self.canvas = doors.canvas()
        self.board = gr.Image(label="Touch the image", interactive=False, visible=False, format="png", elem_id="board", buttons=[])
        self.colour = gr.ColorPicker("#c03020", label="Colour for the next touch", visible=False, elem_id="colour")
        self.places = gr.Textbox(label="Places", lines=2, visible=False, elem_id="places", max_length=4000)
        self.go = gr.Button("Repair", variant="primary", size="lg", elem_id="go")
        with gr.Accordion("More choices", open=False):
            self.model = gr.Dropdown(self.hand[self.first], value=model, label="Network, best first", elem_id="model")
            self.seed = gr.Number(0, label="Chance (seed) of the app's corruption", precision=0, minimum=0, maximum=2**31)

    def card(self, name): return model_card(cards(self.model_dir)[name][1])

    def right(self):
        "The result, three ways to look at it, and the file."
        self.slider = gr.ImageSlider(label="Before and after", format="png", interactive=False, height=430, elem_id="slider",
                                     buttons=["fullscreen"])
        self.verdict = gr.Markdown(elem_id="verdict", container=True)
        self.file = gr.DownloadButton("Download the result", visible=False, elem_id="file")
        with gr.Tabs():
            with gr.Tab("Side by side"):
                with gr.Row(): self.looks = looks(before="Before", classical="Classical", ours="Network", truth="The truth")
            with gr.Tab("Invented pixels"):
                gr.Markdown("Which of these pixels did the model make up, and would others have drawn the same?")
                self.ask = gr.Button("Ask several models", elem_id="ask")
                with gr.Row(): self.maps = looks(300, made_up="Made up", heat="Disagreement")
                self.doubt = gr.Markdown(elem_id="doubt")
            with gr.Tab("The network"): self.about = gr.Markdown(self.card(self.hand[self.first][0]), elem_id="about")

    def wire(self):
        "Which touch leads to what."
        quiet = dict(api_visibility="private", show_progress="hidden")
        self.job, self.own = gr.State(None, time_to_live=1800), gr.State(False)
        self.work = dict(fn=sentence(self.run), api_visibility="private", concurrency_id="work", trigger_mode="once",
                         inputs=[self.picture, self.task, self.model, self.way, self.corrupt, self.seed, self.canvas, self.places],
                         outputs=[self.slider, self.verdict, self.file, *self.looks, *self.maps, self.doubt, self.job])
        quick = dict(quiet, concurrency_id="stage", concurrency_limit=1)  # one after another: who chose last is shown last
        staged = dict(fn=sentence(self.stage), inputs=[self.picture, self.task, self.way, self.model, self.places],
                      outputs=[self.brushing, self.canvas, self.board, self.colour, self.places, self.corrupt], **quick)
        marked = dict(fn=sentence(self.mark), inputs=[self.picture, self.task, self.places], outputs=self.board, **quick)
        begin = [self.picture, self.own, self.way, self.places]
        fresh = [self.what, self.gallery, self.picture, self.way, self.corrupt, self.model, self.places]
        changed = self.task.change(self.choose_task, [self.task, self.own, self.picture], fresh, **quiet)
        changed.then(**staged).then(self.ready, [self.way, self.picture], None, **quiet).success(**self.work)
        other = self.model.input(self.choose_model, [self.task, self.model, self.own, self.picture], [self.gallery, self.picture], **quiet)
        other.then(**staged)
        self.gallery.select(self.pick, [self.task, self.model], begin, **quiet).then(**staged).success(**self.work)
        self.picture.upload(self.uploaded, [self.task, self.way], begin[1:], **quiet).then(**staged)
        self.picture.clear(str, None, self.places, **quiet)
        self.way.input(self.choose_way, [self.task, self.way], [self.model, self.places], **quiet).then(**staged)
        self.board.select(self.touch, [self.picture, self.places, self.colour, self.task], self.places, **quiet).then(**marked)
        self.places.submit(**marked)
        self.model.change(self.card, self.model, self.about, **quiet)
        for touched in (self.go.click, self.corrupt.input): touched(**self.work)
        self.ask.click(sentence(self.doubts), self.job, [*self.maps, self.doubt], api_visibility="private", concurrency_id="work")

    def choose_task(self, task, own, path):
        "Another task: its models, its ways to begin, and an example of its own unless the image is the visitor's."
        models, choices = self.hand[task], ways(task)
        way = choices[1 if own and len(choices) > 1 and choices[0][1] == ADD else 0][1]
        shown = examples(models[0], self.model_dir)
        names = list(TASKS[task].corruptions or [])
        return (TASKS[task].what, shown, path if own else shown[0], gr.update(choices=choices, value=way, visible=len(choices) > 1),
                gr.update(choices=names, value=names[0] if names else None), gr.update(choices=models_for(task, way, self.model_dir), value=models[0]), "")

    def choose_model(self, task, model, own, path):
        "Examples for this model; what one translates would be nonsense to another."
        shown = examples(model, self.model_dir)
        return shown, path if own or task != "translate" else shown[0]

    def choose_way(self, task, way):
        "Who can begin like that."
        models = models_for(task, way, self.model_dir)
        return gr.update(choices=models, value=models[0]), ""

    def stage(self, path, task, way, model, places):
        "What is shown of the ways to point at something."
        brush, corners, dots = way == "brush", way == "rectangle", task == "colorize" and work.restorer(model, self.model_dir).takes_hints
        sheet = doors.sheet(views.board(work.read_upload(path).pixels)) if path and brush else None
        board = self.mark(path, task, places) if path and (corners or dots) else None
        touch = "Touch places to give them the colour" if dots else "Touch two opposite corners"
        lines = "Or write it, one place a line: x,y,colour" if dots else "Or write both corners, one a line: x,y"
        return (gr.update(visible=brush), sheet, gr.update(value=board, visible=corners or dots, label=touch), gr.update(visible=dots),
                gr.update(visible=corners or dots, label=lines), gr.update(visible=way == ADD))

    def mark(self, path, task, places):
        "The image to touch, with what was touched."
        if not path: return None
        x = to_floats(work.read_upload(path).pixels)
        return views.with_marks(x.mean(0, keepdim=True) if task == "colorize" else x, *views.read_places(places), task != "colorize")

    def touch(self, path, places, colour, task, event: gr.SelectData):
        "One more line of what was touched."
        scale = views.board_scale(work.read_upload(path).size)
        x, y = (int(n * scale) for n in event.index[:2])
        lines = [line for line in (places or "").splitlines() if line.strip()]
        if task == "colorize": return "\n".join([*lines, f"{x},{y},{views.hex_colour(colour)}"])
        return "\n".join([*lines[-1:], f"{x},{y}"] if len(lines) < 2 else [f"{x},{y}"])

    def uploaded(self, task, way):
        "An image of one's own: nothing has to be added to its corruption."
        return True, next(value for _, value in ways(task) if value != ADD) if way == ADD else way, ""

    def pick(self, task, model, event: gr.SelectData):
        "An example: the app corrupts it first, so that the truth is known."
        shown = examples(model, self.model_dir)
        return shown[min(max(0, int(event.index)), len(shown) - 1)], False, ways(task)[0][1], ""

    def ready(self, way, path):
        "Work begins by itself unless something has to be pointed at first."
        if way in ("brush", "rectangle") or not path: raise gr.Error("", visible=False, print_exception=False)

    def run(self, path, task, model, way, corruption, seed, layer, places):
        "Restore, and show it: the network's answer as soon as it is there, then what there is to say about it."
        job = work.prepare(path, task, model, way, corruption or "", seed or 0, layer, places or "", self.model_dir)
        answer = work.repair(job)
        before, ours = views.shown(work.seen(job, answer[0].size)), views.shown(answer[0].pixels)
        file, hidden = gr.update(value=doors.download(answer[0]), visible=True, label=views.file_label(answer[0])), gr.update(value=None, visible=False)
        tell = lambda what, other, truth: ((before, ours), what, file, before, other, ours, truth, hidden, hidden, "", job)
        yield tell("Restored. Now the baseline …", gr.update(value=None, visible=True), hidden)
        result = work.solve(job, answer)
        yield tell(views.verdict(result), gr.update(value=views.shown(result.classical.pixels)) if result.classical else hidden,
                   gr.update(value=views.shown(job.truth.pixels), visible=True) if job.truth else hidden)

    def doubts(self, job):
        "Several answers to the same question, and where they differ."
        if job is None: raise ReconError("Restore an image first.")
        made_up, spread, picture, names = work.invented(job)
        most = max(spread.max().item(), 0.02)
        maps = views.tinted(made_up, picture), views.heat((spread / most * made_up).sqrt(), picture)
        return *(gr.update(value=m, visible=True) for m in maps), views.doubt(made_up, spread, names)


def build_demo(model_dir=None, keep=1800):
    "The app; `model_dir` adds checkpoints of your own, `keep` is for how many seconds files stay."
    model_dir = str(model_dir) if model_dir else None
    with gr.Blocks(title="recon: restore an image", analytics_enabled=False, delete_cache=(max(1, min(60, keep // 10)), keep)) as demo:
        page = Page(model_dir)
        demo.load(**page.work)
        routes.register(model_dir)
    return demo.queue(max_size=64, default_concurrency_limit=4)


def main(host="127.0.0.1", port=None, share=False, model_dir=None, open_browser=True):
    "Serve the app until Ctrl-C."
    build_demo(model_dir).launch(server_name=host, server_port=port, share=share, inbrowser=open_browser, max_file_size=work.MAX_BYTES,
                                 theme=THEME, css=CSS, js=JS, footer_links=["api"])


if __name__ == "__main__":
    main(host="0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1", open_browser=False)
