"""The parts of `bench.serve`."""
