"""The same work for other programs, by name: `gradio_client.Client(url).predict(..., api_name="/denoise")`."""
import inspect

import gradio as gr

from recon.core import ReconError

from . import files, inference
from .tasks import AS_IT_IS, BRUSH, CORRUPT, FIND, RECTANGLE, TASKS, available_models, models_for


def report(result) -> dict:
    "Numbers and notes of a result, as plain values."
    return {"model": result.job.model, "seconds": round(result.seconds, 4), "baseline": result.baseline or None,
            "baseline_seconds": round(result.baseline_seconds, 4), "corruption": result.job.corruption or None,
            "metrics": result.metrics, "notes": result.notes}


class Api:
    "What other programs may call, by the names of the recipes' tasks; the docstrings are what they are shown."

    def __init__(self, model_dir=None):
        self.model_dir = model_dir
        self.models = available_models(model_dir)

    def respond(self, task, picture, model, mode, corruption="", seed=0, mask=None, places=""):
        "The files of both restorations, and the report."
        model = model or models_for(task, mode, self.model_dir)[0]
        try:
            job = inference.prepare(picture, task, model, mode, corruption, seed, mask, places, self.model_dir)
            result = inference.solve(job)
            baseline = result.baseline_picture and files.save_result(result.baseline_picture)
            return files.save_result(result.restored), baseline, report(result)
        except ReconError as e: raise gr.Error(str(e), print_exception=False) from e

    def respond_unmarked(self, task, picture, corruption, seed, model):
        "The answer for an image as it is, or corrupted first if a corruption is named."
        return self.respond(task, picture, model, CORRUPT if corruption else AS_IT_IS, corruption, seed)

    def respond_marked(self, task, picture, mask, corners, corruption, seed, model):
        "The answer for an image of which some pixels are to be replaced."
        if corruption: mode = CORRUPT
        elif corners: mode = RECTANGLE
        elif mask or task == "inpaint": mode = BRUSH
        else: mode = FIND
        return self.respond(task, picture, model, mode, corruption, seed, mask, corners)

    def denoise(self, picture, corruption="", seed=0, model=""):
        """Take the noise out of an image. `corruption`: a noise to add first, e.g. `Strong noise`, so that the result
        can be measured; empty: none. `model`: empty for the best one. Gives the restored file in its own size and
        format, the best baseline's, and a report."""
        return self.respond_unmarked("denoise", picture, corruption, seed, model)

    def remove_artifact(self, picture, mask=None, corners="", corruption="", seed=0, model=""):
        """Remove what covers an image. `mask`: an image of the same shape, white (or opaque, where it has transparency)
        where pixels should be replaced; `corners`: two lines `x,y` instead; neither: the model looks for the artifact
        itself. `corruption`: one to add first."""
        return self.respond_marked("remove_artifact", picture, mask, corners, corruption, seed, model)

    def inpaint(self, picture, mask=None, corners="", corruption="", seed=0, model=""):
        """Draw what is missing. `mask`, `corners` and `corruption` are as in `/remove_artifact`; one of them is
        needed."""
        return self.respond_marked("inpaint", picture, mask, corners, corruption, seed, model)

    def super_resolve(self, picture, corruption="", seed=0, model=""):
        """Enlarge an image, usually four times a side. `corruption`: `Fewer pixels` shrinks it first, so that the
        result can be measured."""
        return self.respond_unmarked("super_resolve", picture, corruption, seed, model)

    def colorize(self, picture, hints="", model=""):
        """Colours for an image, of which only the lightness is used. `hints`: lines `x,y,colour` in pixels, like
        `120,80,#c03020`."""
        return self.respond("colorize", picture, model, AS_IT_IS, places=hints)

    def translate(self, picture, model=""):
        """Turn an image into one of the other kind that the model knows. Where no baseline does that, the second file
        is missing."""
        return self.respond("translate", picture, model, AS_IT_IS)

    def tasks(self) -> dict:
        """Which tasks there are, their models, best first, and the corruptions that `corruption` may name."""
        return {task: {"models": models, "corruptions": list(TASKS[task].corruptions)}
                for task, models in self.models.items()}


def add_endpoints(model_dir):
    "Give every available task a name that programs can call."
    api = Api(model_dir)
    gr.api(api.tasks, api_name="tasks")
    with gr.Row(visible=False):
        outputs = [gr.File(label="restored"), gr.File(label="baseline"), gr.JSON(label="report")]
        lengths = {"corners": 200, "hints": 4000, "corruption": 100, "model": 200}
        inputs = {name: gr.Textbox("", label=name, max_length=length) for name, length in lengths.items()}
        inputs["picture"] = files.image_upload(label="picture", elem_id="api-picture")
        inputs["mask"] = files.image_upload(label="mask", elem_id="api-mask")
        inputs["seed"] = gr.Number(0, label="seed", precision=0, minimum=0, maximum=2**31)
        for task in api.models:
            function = getattr(api, task)
            chosen = [inputs[name] for name in inspect.signature(function).parameters]
            gr.Button(visible=False).click(function, chosen, outputs, api_name=task, concurrency_id="restore",
                                           api_description=inspect.cleandoc(function.__doc__), concurrency_limit=2)
