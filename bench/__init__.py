"""Side-by-side benchmarks: each prints a table with the measured versions and the aims."""
