"""fastslow: a laboratory for fast and slow reinforcement learning.

Tasks are faced by agents, training changes agents slowly, behaviour becomes records, records are analysed
like any subject's, and an experiment holds the result against what was published.
"""

__version__ = "0.1.0"
