"""gRPC over HTTP/2: the messages in a body, and the fields of Protocol Buffers in a message."""
