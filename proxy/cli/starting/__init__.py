"""How a script waits for a program that serves: a file that says where it listens, and a start in the background."""
