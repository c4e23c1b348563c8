"""The parts of `bench.record`."""
