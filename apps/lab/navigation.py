"See how the models of recon learned, and how they fail: `recon lab`, or `streamlit run app.py` in this folder."
import arena
import films
import shelf
import streamlit as st
import tradeoff
import walk
from parts import BLUE, YELLOW
from PIL import Image, ImageDraw

PAGES = {
    "Latent walk": (walk.page, ":material/explore:"),
    "GAN failures": (arena.page, ":material/science:"),
    "Time-lapse": (films.page, ":material/movie:"),
    "Models": (shelf.page, ":material/table_chart:"),
    "Perception and distortion": (tradeoff.page, ":material/scatter_plot:"),
}

# Streamlit would fetch the symbol of a page that is named here from another machine; an image is our own.
icon = Image.new("RGB", (32, 32), BLUE)
ImageDraw.Draw(icon).ellipse([8, 8, 24, 24], fill=YELLOW)
st.set_page_config(page_title="recon lab", page_icon=icon, layout="wide")
st.navigation([st.Page(page, title=title, icon=icon, url_path=page.__module__, default=page is walk.page)
               for title, (page, icon) in PAGES.items()], position="top").run()
