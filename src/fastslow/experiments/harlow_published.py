"""What was published of learning sets: 48 points of monkeys, 42 of the agent, per cent correct on trials 1 to 6.

Read off the figures (marker centroids): Harlow 1949, as redrawn in Wang et al. 2018, Fig. 6b, and Wang et al. 2018,
Fig. 6c. One image pixel is .28 points for the monkeys and .33 for the agent, so allow .5 and 1. Two markers are hidden
behind others and were estimated: trial 6 of problems 25-32 and of the agent's fifth stage.
"""

MONKEYS = {
    "1-8": (50.0, 51.9, 58.8, 68.6, 72.0, 77.9),
    "9-16": (50.0, 65.2, 71.8, 77.5, 82.6, 88.8),
    "17-24": (50.0, 66.9, 69.6, 82.5, 81.6, 90.2),
    "25-32": (50.0, 71.7, 76.5, 79.8, 86.9, 92.5),
    "1-100": (50.0, 78.5, 82.8, 84.0, 90.0, 92.4),
    "101-200": (50.0, 84.9, 89.8, 92.8, 96.3, 97.3),
    "201-256": (50.0, 89.9, 95.3, 96.6, 97.4, 96.7),
    "257-312": (50.0, 96.5, 97.8, 98.0, 98.4, 98.5),
}
"""Eight rhesus monkeys, by the numbers of the problems; the first four rows are of the preliminary ones, 50 trials
each. Trial 1 is 50 by construction (Harlow 1949)."""

AGENT = {
    "1st": (40.9, 46.9, 43.8, 44.5, 45.5, 49.4),
    "2nd": (40.9, 54.9, 50.4, 59.5, 61.7, 71.3),
    "3rd": (43.8, 60.4, 61.4, 66.7, 68.1, 78.9),
    "4th": (49.7, 70.2, 70.4, 77.7, 75.7, 91.3),
    "5th": (52.8, 73.0, 78.3, 84.9, 82.0, 96.3),
    "6th": (52.5, 91.0, 94.9, 96.2, 96.9, 96.3),
    "final": (54.1, 96.8, 97.8, 97.6, 98.9, 98.5),
}
"""Mean of the 14 of 50 networks that reached the maximum, at seven stages of training (Wang 2018, Fig. 6c)."""
AT_MAXIMUM = 14 / 50
"""Share of networks that reached the maximum (Wang et al. 2018, Simulation 5)."""
