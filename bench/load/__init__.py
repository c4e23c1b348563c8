"""The load of benchmarks: requests, expected answers, and clients."""
