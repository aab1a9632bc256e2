"""A conversation about a classifier and its table: questions become tool calls, and their results become answers."""
