"""Options of any family: values checked by type and range, and together by what stands on them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pytest

from fe_anndata.models.documented import documented
from fe_anndata.models.option import AUTO, Except, option
from fe_anndata.models.options import Options, merged, named, options_of, require_known


@documented
@named
@dataclass(frozen=True)
class Cake(Options):
    """Options of a cake."""

    RENAMED: ClassVar = {"sweet": "sugar", "oven": "heat", "fan": "air"}

    kind: Literal["dry", "wet"] = option("dry", "What it is like.")
    layers: tuple[int, ...] | Literal["auto"] = option(
        AUTO, "Sizes of its layers.", auto=(({"kind": ("dry",)}, (4, 2)), ({}, (3,)))
    )
    sugar: float = option(1.0, "Sugar, in cups.", least=0)
    share: float = option(0.5, "Share of fruit.", least=0, most=0.5)
    eggs: int | Literal["auto"] | None = option(AUTO, "Number of eggs.", least=1)
    heat: Literal["top", "air"] = option("top", "Where heat comes from.")
    speed: float | Literal["full"] | None = option(
        None, "Speed of the air.", above=0, applies={"heat": ("air",)}
    )
    glaze: bool | Literal["auto"] = option(
        AUTO,
        "Whether it is glazed.",
        applies={"layers": Except(((),))},
        otherwise=False,
        auto=(({"kind": ("wet",)}, False), ({}, True)),
        needs={True: {"kind": ("dry",)}},
    )
    tin: int | tuple[int, int] | Literal["auto"] = option(
        AUTO,
        "Size of the tin.",
        least=1,
        kinds={"kind": {"dry": int, "wet": tuple}},
        follows="kind",
    )
    minutes: int | Literal["auto"] | None = option(
        AUTO, "Time in the oven.", least=1, auto=(({"hours": (AUTO, None)}, 50), ({}, None)),
        excludes="hours",
    )  # fmt: skip
    hours: float | None = option(None, "The same.", above=0, excludes="minutes")
    name: str = option("cake", "Its name.")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "moist"}, "kind must be one of 'dry', 'wet', not 'moist'"),
        ({"kind": None}, "kind must be one of"),
        ({"kind": ["dry"]}, "kind must be one of"),
        ({"layers": "high"}, r"layers must be positive integers, such as \(100, 50\), or 'auto'"),
        ({"layers": (4, 0)}, r"layers must be positive integers.*not \(4, 0\)"),
        ({"layers": (4, 1.5)}, "layers must be"),
        ({"layers": (4, True)}, "layers must be"),
        ({"layers": True}, "layers must be.*not True"),
        ({"layers": None}, "layers must be"),
        ({"sugar": "much"}, "sugar must be a number that is not negative, not 'much'"),
        ({"sugar": -0.1}, "sugar must be a number that is not negative, not -0.1"),
        ({"sugar": float("nan")}, "sugar must be"),
        ({"sugar": float("inf")}, "sugar must be"),
        ({"sugar": True}, "sugar must be"),
        ({"sugar": None}, "sugar must be"),
        ({"sugar": [1.0]}, "sugar must be"),
        ({"sugar": np.nan}, "sugar must be"),
        ({"share": 0.51}, "share must be a number from 0 to 0.5, not 0.51"),
        ({"share": -1}, "share must be a number from 0 to 0.5"),
        ({"eggs": 0}, "eggs must be a positive integer, or 'auto', not 0"),
        ({"eggs": 1.0}, "eggs must be a positive integer"),
        ({"eggs": True}, "eggs must be a positive integer"),
        ({"eggs": "many"}, "eggs must be a positive integer"),
        ({"eggs": np.float64(2)}, "eggs must be a positive integer"),
        ({"heat": "air", "speed": 0}, "speed must be a positive number, or 'full', not 0"),
        ({"sugar": 10**400}, "sugar must be a number"),
        ({"eggs": 10**400}, "eggs must be a positive integer"),
        ({"eggs": 1 << 63}, "eggs must be a positive integer"),
        ({"layers": (4, 1 << 63)}, "layers must be"),
        ({"glaze": 1}, "glaze must be True or False, or 'auto', not 1"),
        ({"glaze": "yes"}, "glaze must be True or False"),
        ({"tin": (1, 2, 3)}, "tin must be a positive integer, or 2 positive integers"),
        ({"name": 3}, "name must be a name, not 3"),
        # together
        ({"speed": 2.0}, "speed does not apply to heat='top', it needs heat='air'; leave it out"),
        ({"layers": (), "glaze": True}, r"glaze does not apply.*another layers than \(\)"),
        ({"kind": "wet", "glaze": True}, "glaze=True needs kind='dry'; add that"),
        ({"tin": (2, 3)}, r"tin must be a positive integer with kind='dry', not \(2, 3\)"),
        ({"kind": "wet", "tin": 5}, "tin must be 2 positive integers with kind='wet', not 5"),
        ({"minutes": 5, "hours": 1.0}, "give (minutes or hours|hours or minutes), not both"),
        ({"minutes": None}, "give (minutes or hours|hours or minutes); both are None"),
        # old words
        ({"heat": "fan"}, r"heat must be one of.*not 'fan' \('fan' is called 'air' now\)"),
    ],
)
def test_what_does_not_fit_is_an_error(given, words):
    with pytest.raises(ValueError, match=words):
        Cake(**given)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("sugar", 2, 2.0),
        ("sugar", np.float32(0.5), 0.5),
        ("sugar", np.int64(2), 2.0),
        ("sugar", np.array(2.0), 2.0),
        ("sugar", 0, 0.0),
        ("share", 0.5, 0.5),
        ("share", 0, 0.0),
        ("eggs", np.int64(3), 3),
        ("eggs", np.uint8(3), 3),
        ("eggs", None, None),
        ("layers", 5, (5,)),
        ("layers", [5, 3], (5, 3)),
        ("layers", np.array([5, 3]), (5, 3)),
        ("layers", np.int64(5), (5,)),
        ("layers", (), ()),
        ("tin", (7,), 7),
        ("glaze", np.bool_(False), False),
        ("minutes", 3, 3),
    ],
)
def test_values_become_plain_python(name, value, kept):
    made = getattr(Cake(**{name: value}), name)
    assert made == kept
    assert type(made) is type(kept)


def test_auto_is_settled_by_the_others():
    dry, wet = Cake().settled(), Cake(kind="wet").settled()
    assert (dry.layers, dry.glaze, dry.minutes) == ((4, 2), True, 50)
    assert (wet.layers, wet.glaze, wet.minutes) == ((3,), False, 50)
    assert (dry.eggs, dry.tin) == (AUTO, AUTO)  # which the data decide
    assert Cake(layers=()).settled().glaze is False
    assert Cake(hours=1).settled().minutes is None
    assert Cake().layers == AUTO  # what was chosen stays as it is
    assert dry.settled() == dry


def test_what_does_not_apply_may_be_given_as_what_it_is_anyway():
    assert Cake(speed=None).speed is None
    assert Cake(layers=(), glaze=False).glaze is False
    assert Cake(layers=(), glaze="auto").settled().glaze is False


def test_a_recipe_gives_way():
    recipe = {"kind": "wet", "tin": (3, 4), "hours": 2.0, "heat": "air", "speed": 3.0}

    def made(**given):
        return Cake(**merged(Cake, recipe, given))

    assert made() == Cake(**recipe)
    assert made(sugar=2).sugar == 2
    assert made(kind="dry").tin == AUTO  # the recipe's was for another kind
    assert (made(kind="dry", tin=5).tin, made(tin=(1, 2)).tin) == (5, (1, 2))
    assert made(minutes=7).hours is None
    assert made(heat="top").speed is None
    with pytest.raises(ValueError, match="speed does not apply"):
        made(heat="top", speed=2.0)  # what the user gives is never dropped
    assert made(layers=np.array([4, 3])).layers == (4, 3)


def test_unknown_names():
    for name, words in (
        ("suger", "the family 'cake' has no option 'suger': did you mean 'sugar'"),
        ("sweet", "sweet is called sugar now"),
        ("seed", "no option 'seed': it is called rng, an argument of tl.train."),
        ("colour", "colour is an option of the family 'paint', not of 'cake'"),
        ("xyz", "the family 'cake' has no option 'xyz'"),
    ):
        with pytest.raises(TypeError, match=words):
            require_known(Cake, "cake", [name], {"cake": Cake, "paint": Paint})


def test_an_object_of_options_knows_what_was_meant():
    for name, words in (
        ("suger", "Cake has no option 'suger': did you mean 'sugar'"),
        ("sweet", "sweet is called sugar now"),
    ):
        with pytest.raises(TypeError, match=words):
            Cake(**{name: 1})
    assert list(inspect.signature(Cake).parameters) == list(options_of(Cake))


@dataclass(frozen=True)
class Paint(Options):
    """Options of paint."""

    colour: str = option("red", "Its colour.")


def test_documentation_is_made_from_the_fields():
    doc = " ".join(Cake.__doc__.split())
    for words in (
        "Options of a cake. Parameters ---------- kind : 'dry' or 'wet', default 'dry' "
        "What it is like.",
        "layers : tuple of int or 'auto', default 'auto' Sizes of its layers. "
        "'auto' is (4, 2) where kind is 'dry', (3,) otherwise.",
        "speed : float or 'full' or None, default None Speed of the air. "
        "Applies where heat is 'air'.",
        "glaze : bool or 'auto', default 'auto' Whether it is glazed. "
        "'auto' is False where kind is 'wet', True otherwise. Applies where layers is not ().",
        "tin : int or pair of int or 'auto', default 'auto'",
    ):
        assert words in doc
    assert max(map(len, Cake.__doc__.splitlines())) <= 100
