"""The specification as a table: each row names its line, and one difference from the row before."""
