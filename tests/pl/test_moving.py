"""The ways of samples while they were trained, and the moving picture of them."""

from __future__ import annotations

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from PIL import Image

import fe_anndata as fe
from tests.refusals import small


@pytest.fixture(scope="module")
def _trained():
    made = small()
    made.obs["score"] = np.where(np.arange(40) == 3, np.nan, np.arange(40.0))
    keywords = {"evaluate_every": 10, "solve_every": 10, "record_every": 10, "progress": False}
    fe.tl.train(made, steps=40, **keywords)
    fe.tl.train(made, steps=20, sample_dim=4, key_added="four", **keywords)
    fe.tl.train(made, steps=5, key_added="plain", progress=False)
    return made


@pytest.fixture
def trained(_trained):
    return _trained.copy()


def ways(ax):
    """Return the corners of each way, (n, r, 2), in the order of drawing."""
    lines = [c for c in ax.collections if isinstance(c, LineCollection)]
    pieces = [np.array(found.get_segments()) for found in lines]
    for before, after in pairwise(pieces):
        np.testing.assert_array_equal(before[:, 1], after[:, 0])
    return np.stack([*(piece[:, 0] for piece in pieces), pieces[-1][:, 1]], axis=1)


@pytest.mark.parametrize("key", ["fe", "four"])
def test_ways_go_from_the_start_to_the_result(trained, key):
    ax = fe.pl.trajectories(trained, key=key, dimensions=(1, 0))
    records = trained.uns[key]["records"]
    tables = [table @ records["change"] for table in records["samples"]]
    best = trained.uns[key]["params"]["best_step"]
    tables = [t for s, t in zip(records["steps"], tables, strict=True) if s <= best]
    expected = np.stack([*tables, trained.obsm[f"X_{key}"]], axis=1)[:, :, [1, 0]]
    found = ways(ax)
    assert found.shape == expected.shape
    order = [np.lexsort(w[:, -1].T) for w in (found, expected)]
    np.testing.assert_allclose(found[order[0]], expected[order[1]], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ax.collections[-1].get_offsets(), found[:, -1], rtol=1e-5)


def test_records_after_the_step_that_was_kept_are_not_drawn(trained):
    result = dict(trained.uns["fe"])
    result["params"] = {**result["params"], "best_step": 20}
    del result["checksums"]
    trained.uns["fe"] = {**result, "format": 2}
    assert ways(fe.pl.trajectories(trained)).shape == (40, 4, 2)  # 0, 10, 20 and the result


def test_colours_are_those_of_the_classes_and_stored(trained):
    ax = fe.pl.trajectories(trained, "group")
    colors = dict(
        zip(trained.obs["group"].cat.categories, trained.uns["group_colors"], strict=True)
    )
    place = {tuple(u): group for u, group in zip(
        trained.obsm["X_fe"].round(4).tolist(), trained.obs["group"], strict=True)}  # fmt: skip
    points = ax.collections[-1]
    for offset, face in zip(points.get_offsets(), points.get_facecolor(), strict=True):
        at = tuple(np.float32(offset).round(4).tolist())
        assert to_hex(face) == colors[place[at]]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == list(colors)


def test_numbers_have_a_bar_and_missing_ones_are_grey(trained):
    ax = fe.pl.trajectories(trained, "score")
    assert ax.child_axes[0].get_ylabel() == "score"
    faces = ax.collections[-1].get_facecolor()
    assert sum(np.ptp(face[:3]) < 1e-6 for face in faces) == 1
    assert fe.pl.trajectories(trained, "gene3").get_title() == "gene3"


def test_a_choice_of_samples_follows_the_seed(trained):
    few = [ways(fe.pl.trajectories(trained, max_samples=7, rng=seed)) for seed in (1, 1, 2)]
    assert few[0].shape[0] == 7
    np.testing.assert_array_equal(few[0], few[1])
    assert not np.array_equal(few[0], few[2])


def test_every_picture_of_the_animation(trained, tmp_path):
    animation = fe.pl.animate(trained, "group", fps=2, show=False, rng=0)
    frames = list(animation.new_frame_seq())
    n = int(np.searchsorted(trained.uns["fe"]["records"]["steps"],
            trained.uns["fe"]["params"]["best_step"], side="right"))  # fmt: skip
    assert frames == [*range(n), n, n, n, n]
    animation.save(tmp_path / "a.gif", dpi=40)
    with Image.open(tmp_path / "a.gif") as image:
        assert image.n_frames == n + 1  # those that stand still are one
        assert image.width > 150


def test_the_text_says_which_step_it_is(trained):
    ax = plt.figure().add_subplot()
    animation = fe.pl.animate(trained, ax=ax)
    said, places = [], []
    for frame in dict.fromkeys(animation.new_frame_seq()):
        points, text = animation._func(frame)
        said.append(text.get_text())
        places.append(np.array(points.get_offsets()))
    animation._draw_was_started = True  # what matplotlib asks for, lest it warn
    assert said[:2] == ["step 0", "step 10"]
    assert said[-1] == "result"
    np.testing.assert_allclose(np.stack(places, axis=1), ways(fe.pl.trajectories(trained)))


@pytest.mark.parametrize("draw", [fe.pl.trajectories, fe.pl.animate])
@pytest.mark.parametrize(
    ("error", "match", "keywords"),
    [
        (KeyError, "no records.*record_every=", {"key": "plain"}),
        (KeyError, "no trained model", {"key": "other"}),
        (KeyError, "did you mean 'group'", {"color": "gruop"}),
        (TypeError, "color", {"color": ["group", "score"]}),
        (ValueError, "dimensions", {"dimensions": (0, 2)}),
        (ValueError, "max_samples", {"max_samples": 0}),
        (ValueError, "colour map", {"cmap": "virids"}),
    ],
)
def test_what_cannot_be_drawn(trained, draw, error, match, keywords):
    with pytest.raises(error, match=match):
        draw(trained, **keywords)
    assert not plt.get_fignums()


def test_other_samples_than_those_of_the_training(trained):
    with pytest.raises(ValueError, match="train again"):
        fe.pl.trajectories(trained[:20].copy())
    with pytest.raises(ValueError, match="fps"):
        fe.pl.animate(trained, fps=0)


def test_more_classes_than_can_be_named(trained):
    adata = fe.datasets.simulated(200, 30, 3)
    adata.obs["own"] = adata.obs_names
    fe.tl.train(adata, steps=10, record_every=5, progress=False)
    with pytest.raises(ValueError, match="too many to name"):
        fe.pl.trajectories(adata, "own")
