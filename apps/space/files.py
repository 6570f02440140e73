"""Files in and out: only `read_picture` opens what a client sent, and nothing is kept."""
import re
import secrets
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

from recon.images import PictureError, save_picture

SUFFIXES = {"JPEG": ".jpg", "MPO": ".jpg", "WEBP": ".webp", "BMP": ".bmp", "TIFF": ".tif"}  # of formats; else PNG
MOST_DRAWINGS = 32  # that wait in memory to be sent off


def _refuse_addresses(component):
    "Refuse addresses on the network, which Gradio would fetch for a client."
    move = component.async_move_resource_to_block_cache

    async def move_file(path):
        if path is not None and "://" in str(path):
            raise gr.Error("Send the image itself, not an address.", print_exception=False)
        return await move(path)

    component.async_move_resource_to_block_cache = move_file
    return component


def image_upload(value=None, label="Your image", elem_id="picture"):
    "An upload that hands over the path of the file, so that `read_picture` can say what is wrong with it."
    component = gr.Image(label=label, value=value, format="png", sources=["upload", "clipboard"], height=250,
                         elem_id=elem_id, buttons=[])
    component.preprocess = lambda payload: payload.path if payload else None
    return _refuse_addresses(component)


class LimitedDict(dict):
    "A dictionary of at most `MOST_DRAWINGS` entries: a new one drops the oldest."

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        while len(self) > MOST_DRAWINGS: del self[next(iter(self))]


def brush_canvas():
    "An image to brush over; hands over the brushed layer as the file or the bytes that the browser sent."
    brush = gr.Brush(default_size=18, colors=["#ff6a00"], default_color="#ff6a00", color_mode="fixed")
    component = gr.ImageEditor(label="Brush over what should go", type="filepath", image_mode="RGBA", format="png",
                               sources=(), transforms=(), layers=False, height=400, canvas_size=(720, 480),
                               brush=brush, elem_id="canvas", buttons=[])
    component.blob_storage = LimitedDict()

    def brushed_layer(payload):
        if payload is None: return None
        drawing = component.blob_storage.pop(payload.id, None) if payload.id else payload
        layer = drawing.layers[0] if drawing and drawing.layers else None
        return layer.path if hasattr(layer, "path") else layer

    component.preprocess = brushed_layer
    return _refuse_addresses(component)


def canvas_value(image):
    "A PIL image under the brush, nothing brushed yet."
    return {"background": image, "layers": [], "composite": None}


def save_result(picture) -> str:
    "Write a result in the format of its upload, in a folder nobody can guess; Gradio deletes it in time."
    suffix = SUFFIXES.get(picture.format, ".png")
    stem = re.sub(r"[^\w-]+", "-", Path(picture.name).stem)[:60].strip("-") or "picture"
    folder = Path(get_upload_folder()) / secrets.token_hex(16)
    folder.mkdir(parents=True)
    try: return str(save_picture(picture, folder / f"{stem}-restored{suffix}"))
    except PictureError: return str(save_picture(picture, folder / f"{stem}-restored.png"))  # too long for its format
