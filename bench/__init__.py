"""Side-by-side benchmarks: each prints a table with the versions it ran and the aims it has."""
