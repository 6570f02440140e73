"See how the models of recon learned, and how they fail: `recon lab`, or `streamlit run app.py` in this folder."
import arena
import films
import shelf
import streamlit as st
import tradeoff
import walk

PAGES = {
    "Latent walk": (walk.page, ":material/explore:"),
    "GAN failures": (arena.page, ":material/science:"),
    "Time-lapse": (films.page, ":material/movie:"),
    "Models": (shelf.page, ":material/table_chart:"),
    "Perception and distortion": (tradeoff.page, ":material/scatter_plot:"),
}

st.set_page_config(page_title="recon lab", page_icon=":material/science:", layout="wide")
st.navigation([st.Page(page, title=title, icon=icon, url_path=page.__module__, default=page is walk.page)
               for title, (page, icon) in PAGES.items()], position="top").run()
