"""Non-linear functions of one variable as words: each off by at most a given error, at the fewest ANDs we know."""
