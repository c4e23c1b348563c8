"""Parts of the program driven without sockets."""
