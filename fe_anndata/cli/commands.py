"""All commands, each in a file of its own, which registers itself."""

from __future__ import annotations

from . import bins as bins
from . import classify as classify
from . import compare_models as compare_models
from . import demo as demo
from . import differential as differential
from . import distance_preservation as distance_preservation
from . import evaluate as evaluate
from . import generate as generate
from . import genes as genes
from . import info as info
from . import layers as layers
from . import markers as markers
from . import modalities as modalities
from . import models as models
from . import plot as plot
from . import predict_labels as predict_labels
from . import survival as survival
from . import sweep as sweep
from . import train as train
from . import transform as transform
from . import vectors as vectors
from .app import app as app
