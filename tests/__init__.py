"""Tests; a package of its own, so that no other one of this name comes before it."""
