"""Text of the user is drawn as it is typed, in every picture and on every paper."""

from __future__ import annotations

from textwrap import wrap

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from fe_anndata import pl

TYPED = ["$5 to $6", r"$\frac{x$", "_leading", r"a<b_{c} %d \alpha^2", "Zellträger ß", "細胞"]
GENES = [f"$G_{i}$" for i in range(12)]


@pytest.fixture
def adata() -> AnnData:
    rng = np.random.default_rng(0)
    n = 60
    obs = pd.DataFrame(index=[f"s{i}" for i in range(n)])
    obs["$c_l$"] = pd.Categorical.from_codes(np.arange(n) % len(TYPED), TYPED)
    obs["$n_u$"] = rng.normal(size=n)
    return AnnData(
        rng.normal(size=(n, 12)).astype(np.float32),
        obs=obs,
        var=pd.DataFrame(index=GENES),
        obsm={"X_$k$": rng.normal(size=(n, 2))},
        varm={"fe": rng.normal(size=(12, 4)).astype(np.float32)},
    )


def accuracies():
    rows = [
        {"method": method, "decoder": "$d$", "dim": dim, "fold": 0, "classifier": "$c$",
         "accuracy_new": dim / 10, "accuracy_fitted": dim / 9}
        for method in TYPED for dim in (2, 4)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def properties():
    return pd.DataFrame({"collection": TYPED, "auroc": 0.5, "auroc_permuted": 0.5})


PICTURES = {
    "classes": (lambda a: pl.embedding(a, "$c_l$", basis="$k$"), TYPED),
    "names on the data": (
        lambda a: pl.embedding(a, "$c_l$", basis="$k$", legend="on data"), TYPED
    ),
    "new samples": (lambda a: pl.embedding(a, "$c_l$", basis="$k$", query=a), TYPED),
    "numbers": (lambda a: pl.embedding(a, "$n_u$", basis="$k$"), ["$n_u$"]),
    "a gene": (lambda a: pl.embedding(a, GENES[0], basis="$k$"), [GENES[0]]),
    "density": (
        lambda a: pl.density(a, groupby="$c_l$", basis="$k$"), [f"{t} (n = 10)" for t in TYPED]
    ),
    "similar genes": (lambda a: pl.similar_genes(a, GENES[0], 11), GENES[1:]),
    "lists": (
        lambda a: pl.gene_lists(a, {t: GENES[i : i + 2] for i, t in enumerate(TYPED)}),
        [f"{t} (2)" for t in TYPED],
    ),
    "arithmetic": (lambda a: pl.gene_arithmetic(a, "$G_0$ + $G_1$"), ["$G_0$ + $G_1$", "$G_1$"]),
    "matrix": (lambda a: pl.gene_similarity_matrix(a, GENES), GENES),
    "accuracy": (lambda _: pl.evaluate(accuracies()), [f"{t} ($d$)" for t in TYPED]),
    "properties": (
        lambda _: pl.classify_genes(properties()), [f"{t}\n1 properties" for t in TYPED]
    ),
}  # fmt: skip


def drawn(axes):
    figure = np.ravel(axes)[0].figure
    figure.canvas.draw()
    return [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("name", PICTURES)
def test_names_are_drawn_as_typed(adata, name):
    picture, names = PICTURES[name]
    found = {text.get_text(): text for text in drawn(picture(adata))}
    names = ["\n".join(wrap(n, 16)) if name == "names on the data" else n for n in names]
    assert set(names) <= set(found)
    for text in found.values():
        assert "$" not in text.get_text() or not text.get_parse_math()


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("name", PICTURES)
def test_names_are_not_given_to_tex(adata, name, monkeypatch):
    picture, names = PICTURES[name]
    by_tex = []  # the numbers of an axis may be; no TeX is needed to see what would be

    def spied(plain, instead):
        def method(self, *arguments, **keywords):
            if not self.get_usetex() or not self.get_visible():
                return plain(self, *arguments, **keywords)
            by_tex.append(self.get_text())
            return instead

        return method

    box = mpl.transforms.Bbox.from_bounds(0, 0, 9, 9)
    for name, instead in (("draw", None), ("get_window_extent", box)):
        monkeypatch.setattr(Text, name, spied(getattr(Text, name), instead))
    with mpl.rc_context({"text.usetex": True}):
        axes = picture(adata)
    assert not set(by_tex) & {*names, *GENES}
    for text in np.ravel(axes)[0].figure.findobj(Text):
        unseen = not text.get_visible() or text.get_text() not in names
        assert unseen or not text.get_usetex()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("line\nline", "line\nline"),
        ("a\tb\r\n", "a b\n"),
        ("a\0b", r"a\x00b"),
        ("a\ud800b", r"a\ud800b"),
        ("x" * 130, "\n".join(["x" * 48, "x" * 48, "x" * 34])),
        ("", ""),
    ],
    ids=ascii,
)
def test_what_has_no_letters_is_spelt_and_long_names_take_lines(adata, name, shown):
    adata.obs["odd"] = pd.Categorical([name, "b"] * 30, [name, "b"])
    ax = pl.embedding(adata, "odd", basis="$k$")
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.get_legend().texts] == [shown, "b"]
    outer = ax.get_tightbbox()
    assert outer.x1 <= ax.figure.bbox.x1
    assert outer.y0 >= 0


def test_a_long_name_of_a_column_is_not_cut_off(adata):
    adata.obs["long name " * 20] = np.arange(60)
    ax = pl.embedding(adata, "long name " * 20, basis="$k$")
    ax.figure.canvas.draw()
    outer = ax.get_tightbbox()
    assert outer.x0 >= 0
    assert outer.y1 <= ax.figure.bbox.y1
    assert ax.figure.get_figwidth() < 7


def test_text_that_the_user_has_drawn_stays_a_formula(adata):
    _, ax = plt.subplots()
    theirs = ax.text(0, 0, "$x^2$")
    pl.embedding(adata, "$c_l$", basis="$k$", ax=ax, legend=None)
    assert theirs.get_parse_math()


# paper and ink


def far(a, b):
    return np.abs(np.subtract(to_rgb(a), to_rgb(b))).max()


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_nothing_has_the_colour_of_the_paper(adata, style):
    adata.obs.loc[adata.obs_names[:7], "$c_l$"] = None
    with plt.style.context(style):
        page = plt.rcParams["figure.facecolor"]
        for name in ("classes", "names on the data", "arithmetic", "lists", "properties"):
            ax = PICTURES[name][0](adata)
            for text in drawn(ax):
                assert far(text.get_color(), page) > 0.5
                for effect in text.get_path_effects() or []:
                    assert far(effect._gc["foreground"], page) == 0
            for line in ax.lines:
                assert far(line.get_color(), page) > 0.1
            for points in ax.collections:
                assert all(far(color, page) > 0.1 for color in points.get_facecolor())
