"""gRPC calls inside mitmproxy: the order of their messages while they are recorded, and their replay."""
