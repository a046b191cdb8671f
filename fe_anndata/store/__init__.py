"""Trained models and runs as ``uns`` holds them, and as directories that survive a kill.

Nothing here knows a family by name.
"""
