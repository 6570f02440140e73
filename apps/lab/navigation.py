"""The pages of the lab, and the menu above them."""
import streamlit as st
from PIL import Image, ImageDraw

from . import gan_failures, latent_space, model_table, tradeoff, training_history
from .components import BLUE, YELLOW

PAGES = {  # path → page, title, icon; the first one is the default
    "latent_space": (latent_space.page, "Latent walk", ":material/explore:"),
    "gan_failures": (gan_failures.page, "GAN failures", ":material/science:"),
    "training_history": (training_history.page, "Time-lapse", ":material/movie:"),
    "model_table": (model_table.page, "Models", ":material/table_chart:"),
    "tradeoff": (tradeoff.page, "Perception and distortion", ":material/scatter_plot:"),
}


def draw_icon():
    "The symbol in the browser's tab; a name of one Streamlit would fetch from another machine."
    icon = Image.new("RGB", (32, 32), BLUE)
    ImageDraw.Draw(icon).ellipse([8, 8, 24, 24], fill=YELLOW)
    return icon


def run():
    "Show the page that was chosen."
    st.set_page_config(page_title="recon lab", page_icon=draw_icon(), layout="wide")
    default = next(iter(PAGES))
    pages = [st.Page(page, title=title, icon=icon, url_path=path, default=path == default)
             for path, (page, title, icon) in PAGES.items()]
    st.navigation(pages, position="top").run()
