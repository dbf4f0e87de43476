"""Tables in, numbers out: the same measures for agents, people and animals."""
