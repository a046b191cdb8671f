"""The groups in which help shows the options of large commands.

Such a command says ``group_parameters=BASICS``: options without a group of their own are what a
first call needs.
"""

from __future__ import annotations

from cyclopts import Group, Parameter

BASICS = Group("Basics", sort_key=1)
OF_DATA = Group("Data", sort_key=2)
OF_TRAINING = Group("Training", sort_key=3)

DATA = Parameter(group=OF_DATA)
TRAINING = Parameter(group=OF_TRAINING)
ADVANCED = Parameter(group=Group("Advanced", sort_key=9))
