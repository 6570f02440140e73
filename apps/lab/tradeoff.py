"""Near to the truth, or likely: what the cards say about both."""
import altair as alt
import pandas as pd
import streamlit as st

from .components import BLUE, GREY, cards, headline_corruption

DISTANCES = ("_distance", "lpips", "fid", "kid")  # parts of the names of perceptual distances
NETWORK = "network"
BASELINE = "baseline"
SHAPES = {NETWORK: "circle", BASELINE: "diamond"}
COLOURS = {NETWORK: BLUE, BASELINE: GREY}


def distance_in(metrics):
    "The name of the perceptual distance among a card's metrics, or `None`."
    return next((name for name in metrics if any(part in name for part in DISTANCES)), None)


def measured_methods():
    "`(data, corruption, distance)` → method → `(PSNR, distance, kind)`, measured on the same images."
    found = {}
    for name, card in cards().items():
        metrics = card["metrics"]
        recipe = card["recipe"]
        key = distance_in(metrics)
        if not key or "psnr" not in metrics: continue
        methods = found.setdefault((recipe["data"], headline_corruption(recipe), key), {})
        methods[name] = metrics["psnr"], metrics[key], NETWORK
        for baseline, numbers in card["baselines"].items():
            if baseline == "identity" or key not in numbers or "psnr" not in numbers: continue
            methods[baseline] = numbers["psnr"], numbers[key], BASELINE
    return found


def pareto_front(methods):
    "The methods that no other beats in both, from left to right."
    def beaten(psnr, distance):
        others = [(p, d) for p, d, _ in methods.values() if (p, d) != (psnr, distance)]
        return any(p >= psnr and d <= distance for p, d in others)

    best = [name for name, (psnr, distance, _) in methods.items() if not beaten(psnr, distance)]
    return sorted(best, key=lambda name: methods[name][0])


def scatter_plot(methods, front, label):
    "Right is nearer to the truth, down is perceptually closer; the dashed line joins the front."
    rows = [(name, *values) for name, values in methods.items()]
    data = pd.DataFrame(rows, columns=["method", "psnr", "distance", "kind"])
    x = alt.X("psnr:Q", title="PSNR, dB: nearer to the truth →", scale=alt.Scale(zero=False, padding=40))
    y = alt.Y("distance:Q", title=f"{label}: ← perceptually closer", scale=alt.Scale(zero=False, padding=25))
    tooltip = ["method", alt.Tooltip("psnr:Q", format=".2f"), alt.Tooltip("distance:Q", format=".3f")]
    base = alt.Chart(data).encode(x=x, y=y, tooltip=tooltip)
    colours = alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))
    shapes = alt.Scale(domain=list(SHAPES), range=list(SHAPES.values()))
    dots = base.mark_point(filled=True, size=130, opacity=1).encode(
        color=alt.Color("kind:N", scale=colours, legend=alt.Legend(orient="top", title=None)),
        shape=alt.Shape("kind:N", scale=shapes, legend=None))
    line = alt.Chart(data[data.method.isin(front)]).mark_line(strokeDash=[4, 4], color=BLUE).encode(x=x, y=y)
    by_psnr = sorted(methods, key=lambda name: methods[name])
    return (line + dots + _labels(base, by_psnr[::2], -16) + _labels(base, by_psnr[1::2], 18)).properties(height=420)


def _labels(base, names, shift):
    "The names of some methods, `shift` pixels below their dots: neighbours get different shifts."
    chosen = base.transform_filter(alt.FieldOneOfPredicate("method", names))
    return chosen.mark_text(dy=shift, fontSize=12, color=GREY).encode(text="method")


def page():
    st.title("Perception and distortion")
    st.markdown("A restored image can be **near to the truth** (PSNR), or **look as images do**. Beyond a point one "
                "can only be had for the other (Blau and Michaeli 2018). How an image looks is measured here by a "
                "distance between features of the restored image and of the truth, a stand-in for what they mean. The "
                "dashed line joins the methods that no other beats in both.")
    found = measured_methods()
    if not found:
        st.info("No available model has both numbers on its card; train one whose recipe measures a distance, for "
                "example `recon train srresnet-faces`.")
        return
    networks = {key: sum(kind == NETWORK for *_, kind in methods.values()) for key, methods in found.items()}
    comparisons = {f"{data}, {corruption}": (data, corruption, distance)
                   for data, corruption, distance in sorted(found, key=lambda key: -networks[key])}
    key = comparisons[st.selectbox("Comparison", list(comparisons))]
    methods = found[key]
    distance = key[2]
    front = pareto_front(methods)
    st.altair_chart(scatter_plot(methods, front, distance.replace("_", " ")), width="stretch")
    alone = " Here one method is the best in both." if len(front) == 1 else ""
    st.markdown(f"No other method beats **{'**, **'.join(front)}** in both.{alone}")
    rows = [{"method": name, "PSNR, dB": round(psnr, 2), distance: round(far, 3), "kind": kind}
            for name, (psnr, far, kind) in methods.items()]
    st.dataframe(pd.DataFrame(rows), hide_index=True)
