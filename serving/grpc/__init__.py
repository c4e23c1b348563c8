"""The replay of gRPC calls whose sides speak at once: the recorded messages, and the conversation with a client."""
