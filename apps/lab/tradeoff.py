"Near to the truth, or likely: what the cards say about both."
import altair as alt
import pandas as pd
import streamlit as st
from parts import BLUE, GREY, cards, damage_of

DISTANCES = ("_distance", "lpips", "fid", "kid")


def distance_of(numbers):
    "The name of the perceptual distance among a card's numbers, or `None`."
    return next((k for k in numbers if any(d in k for d in DISTANCES)), None)


def exercises():
    "(data, corruption, distance) → rows of models and baselines that were measured on the same images."
    found = {}
    for name, card in cards().items():
        numbers, recipe = card["metrics"], card["recipe"]
        key = distance_of(numbers)
        if not key or "psnr" not in numbers: continue
        group = found.setdefault((recipe["data"], damage_of(recipe), key), {})
        baselines = {n: b for n, b in card["baselines"].items() if key in b and "psnr" in b and n != "identity"}
        group.update({n: (b["psnr"], b[key], "classical") for n, b in baselines.items()} | {name: (numbers["psnr"], numbers[key], "trained")})
    return found


def front(rows):
    "Methods that nobody beats in both, from left to right."
    return sorted((n for n, (psnr, far, _) in rows.items() if not any(p >= psnr and d <= far and (p, d) != (psnr, far) for p, d, _ in rows.values())),
                  key=lambda n: rows[n][0])


def plot(rows, best, label):
    "Right is nearer to the truth, down is more alike."
    data = pd.DataFrame([(n, *values) for n, values in rows.items()], columns=["method", "psnr", "distance", "kind"])
    x, y = alt.X("psnr:Q", title="PSNR, dB: nearer to the truth →", scale=alt.Scale(zero=False, padding=40)), alt.Y("distance:Q", title=f"{label}: ← more alike", scale=alt.Scale(zero=False, padding=25))
    kinds = {"domain": ["trained", "classical"]}
    base = alt.Chart(data).encode(x=x, y=y, tooltip=["method", alt.Tooltip("psnr:Q", format=".2f"), alt.Tooltip("distance:Q", format=".3f")])
    dots = base.mark_point(filled=True, size=130, opacity=1).encode(
        color=alt.Color("kind:N", scale=alt.Scale(**kinds, range=[BLUE, GREY]), legend=alt.Legend(orient="top", title=None)),
        shape=alt.Shape("kind:N", scale=alt.Scale(**kinds, range=["circle", "diamond"]), legend=None))
    above, below = (base.transform_filter(alt.FieldOneOfPredicate("method", sorted(rows, key=lambda n: rows[n])[k::2])).mark_text(
        dy=dy, fontSize=12, color=GREY).encode(text="method") for k, dy in ((0, -16), (1, 18)))
    edge = alt.Chart(data[data.method.isin(best)]).mark_line(strokeDash=[4, 4], color=BLUE).encode(x=x, y=y)
    return (edge + dots + above + below).properties(height=420)


def page():
    st.title("Perception and distortion")
    st.markdown("A restore can be **near to the truth** (PSNR), or **look as images do**. Beyond a point one is only to be had for the other (Blau and "
                "Michaeli 2018). How an image looks is judged here by a distance between features of the restoration and of the truth, a stand-in for "
                "what they mean. The dashed line joins the methods that no other beats in both.")
    found = exercises()
    if not found:
        st.info("No model at hand has both numbers on its card; train one whose recipe measures a distance, for example `recon train srresnet-faces`.")
        return
    names = {f"{data}, {corruption}": (data, corruption, key) for data, corruption, key in sorted(found, key=lambda k: -sum(kind == "trained" for *_, kind in found[k].values()))}
    chosen = names[st.selectbox("Exercise", list(names))]
    rows = found[chosen]
    best = front(rows)
    st.altair_chart(plot(rows, best, chosen[2].replace("_", " ")), width="stretch")
    st.markdown(f"Nobody beats **{'**, **'.join(best)}** in both." + (" Here one method is the best in both." if len(best) == 1 else ""))
    st.dataframe(pd.DataFrame([{"method": n, "PSNR, dB": round(p, 2), chosen[2]: round(d, 3), "kind": k} for n, (p, d, k) in rows.items()]), hide_index=True)
