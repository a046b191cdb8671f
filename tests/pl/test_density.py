from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from scipy.ndimage import label

from fe_anndata import pl
from fe_anndata.pl._text import paper
from fe_anndata.pl._vision import apart, luminance


def drawn(ax):
    """Return the coloured layer of a panel: the last, above the grey one."""
    return ax.collections[-1]


def test_hexagons_count_every_sample(adata):
    ax = pl.density(adata)
    assert drawn(ax).get_array().sum() == 300
    assert drawn(ax).get_array().min() >= 1  # an empty hexagon is not drawn


def test_more_bins_are_smaller(adata):
    few, many = (pl.density(adata, bins=b) for b in (5, 60))
    assert len(drawn(few).get_array()) < len(drawn(many).get_array())


@pytest.mark.parametrize("kind", ["hex", "smooth"])
@pytest.mark.parametrize("log", [True, False])
def test_panels_share_limits_and_colours(adata, kind, log):
    axes = pl.density(adata, groupby="type", kind=kind, log=log)
    assert axes.shape == (4,)
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in axes}) == 1
    assert len({drawn(ax).get_clim() for ax in axes}) == 1
    x = adata.obsm["X_fe"][:, 0].astype(float)
    pad = (0.05 if kind == "hex" else 0.1) * np.ptp(x)
    np.testing.assert_allclose(axes[0].get_xlim(), (x.min() - pad, x.max() + pad))
    assert sum(len(ax.child_axes) for ax in axes) == 1  # one colour bar
    axes[0].figure.canvas.draw()
    boxes = [ax.get_tightbbox() for ax in axes]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    whole = axes[0].figure.bbox
    assert all(b.x0 >= 0 and b.x1 <= whole.x1 and b.y0 >= 0 and b.y1 <= whole.y1 for b in boxes)


def test_panels_hold_their_group_and_the_scale_its_greatest_count(adata):
    axes = pl.density(adata, groupby="type", bins=5)
    assert [drawn(ax).get_array().sum() for ax in axes] == [75] * 4
    assert drawn(axes[0]).get_clim()[1] == max(drawn(ax).get_array().max() for ax in axes)
    assert axes[0].collections[0].get_array().sum() == 300  # behind it, all samples


def test_many_groups_ask_which(make_adata):
    adata = make_adata(n=500, classes=41)
    with pytest.raises(ValueError, match=r"41 groups.*at most 40.*groups=\['Cholangio"):
        pl.density(adata, groupby="type")
    adata = adata[adata.obs["type"] != adata.obs["type"].iloc[0]]
    assert len(pl.density(adata, groupby="type")) == 40


def test_groups_stand_in_natural_order(adata):
    adata.obs["type"] = pd.Series([f"c{i}" for i in [2, 10, 1] * 100], adata.obs_names).astype(
        "category"
    )
    axes = pl.density(adata, groupby="type")
    assert [ax.get_title()[:3].strip() for ax in axes] == ["c1", "c2", "c10"]


def test_the_smooth_density_parts_clusters_and_fills_the_panel(make_adata):
    adata = make_adata(n=1200, classes=12)
    angle = 2 * np.pi * (np.arange(1200) % 12) / 12
    adata.obsm["X_fe"] = 0.06 * np.random.default_rng(0).normal(size=(1200, 2)) + np.column_stack(
        [np.cos(angle), np.sin(angle)]
    )
    raster = np.ma.filled(drawn(pl.density(adata, kind="smooth")).get_array(), 0)
    _, number = label(raster > 0.1 * raster.max())
    assert number == 12
    rows = np.flatnonzero((raster > 0).any(axis=1))
    assert np.ptp(rows) > 0.8 * len(raster)


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_the_samples_of_all_do_not_outshine_those_of_the_group(adata, style):
    with plt.style.context(style):
        ax = pl.density(adata, groupby="type")[0]
        page = luminance(paper(ax))
        everyone, own = ax.collections
        everyone.update_scalarmappable()
        own.update_scalarmappable()
        grey = abs(luminance(everyone.get_facecolor()[0]) - page)
        faintest = min(abs(luminance(color) - page) for color in own.get_facecolor())
        assert grey < faintest or style == "default"
        assert apart(own.get_facecolor(), [to_hex(everyone.get_facecolor()[0])]).min() > 20


def test_groups_choose_and_order_the_panels(adata):
    axes = pl.density(adata, groupby="text", groups=["right", "left"])
    assert [ax.get_title() for ax in axes] == ["right (n = 75)", "left (n = 225)"]
    assert pl.density(adata, groupby="flag", groups="True").get_title() == "True (n = 75)"


@pytest.mark.parametrize("kind", ["hex", "smooth"])
def test_odd_samples_are_drawn(make_adata, kind):
    one = make_adata(n=1)
    pl.density(one, kind=kind).figure.canvas.draw()
    line = make_adata()
    line.obsm["X_fe"][:, 1] = 3
    line.obsm["X_fe"][:5] = np.nan
    line.obs.loc[line.obs_names[:20], "type"] = None
    pl.density(line, kind=kind, groupby="type")[0].figure.canvas.draw()


def test_nothing_is_written(adata):
    before = adata.copy()
    pl.density(adata, groupby="type")
    assert dict(adata.uns) == dict(before.uns) == {}
    assert list(adata.obs) == list(before.obs)


@pytest.mark.parametrize(
    ("error", "match", "keywords"),
    [
        (KeyError, "did you mean 'fe'", {"basis": "fee"}),
        (KeyError, "did you mean 'type'", {"groupby": "tpye"}),
        (KeyError, "left", {"groupby": "text", "groups": ["lef"]}),
        (TypeError, "astype", {"groupby": "number"}),
        (ValueError, "groupby", {"groups": ["left"]}),
        (ValueError, "no group", {"groupby": "text", "groups": []}),
        (ValueError, "kind", {"kind": "hexagon"}),
        (ValueError, "bins", {"bins": 0}),
        (ValueError, "bins", {"bins": 2.5}),
        (ValueError, "colour map", {"cmap": "virids"}),
        (ValueError, "ncols", {"ncols": 0}),
    ],
)
def test_errors_come_before_anything_is_drawn(adata, error, match, keywords):
    with pytest.raises(error, match=match):
        pl.density(adata, **keywords)
    assert plt.get_fignums() == []
