"""What benchmarks ask, and how."""
