"""A round thermometer and a signal tower by matplotlib: plots.py FOLDER."""

import sys

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

folder = sys.argv[1]

figure, axes = plt.subplots(figsize=(6.4, 6.4), facecolor="#d8d2c4")
low, high, value = 0, 120, 74
at = lambda v, r: r * np.array([np.cos(a := np.radians(225 - 270 * (v - low) / (high - low))), np.sin(a)])  # noqa: E731
axes.add_patch(plt.Circle((0, 0), 1.1, facecolor="white", edgecolor="#444", lw=8))
for v in range(low, high + 1, 4):
    major = v % 20 == 0
    axes.plot(*zip(at(v, 0.88 if major else 0.94), at(v, 1)), color="black", lw=3 if major else 1.2)
    if major:
        axes.text(*at(v, 0.74), str(v), fontsize=20, ha="center", va="center")
axes.annotate("", at(value, 0.93), (0, 0), arrowprops={"facecolor": "navy", "width": 5, "headwidth": 15, "shrink": 0})
axes.plot(0, 0, "o", color="navy", ms=22)
axes.text(0, -0.45, "°C", fontsize=28, ha="center", va="center")
axes.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal")
axes.axis("off")
figure.savefig(f"{folder}/thermometer.png", dpi=100, facecolor=figure.get_facecolor())

figure, axes = plt.subplots(figsize=(4.2, 6.2), facecolor="#6f7f8a")
axes.bar([0, 0, 0], [1, 1, 1], bottom=[2.1, 1.05, 0], width=0.8, color=["#4d0f0f", "#ffd800", "#0c3b16"], edgecolor="#222", lw=3)
axes.bar([0, 0], [0.35, 0.1], bottom=[-0.4, 3.15], width=[0.25, 0.84], color="#333")
for spread in np.linspace(0.5, 0.9, 9):  # the light around the lit one
    axes.bar(0, 1, bottom=1.05, width=2 * spread, color="#ffef90", alpha=0.05)
axes.set_xlim(-1, 1)
axes.axis("off")
figure.savefig(f"{folder}/signal_tower.png", dpi=100, facecolor=figure.get_facecolor())
