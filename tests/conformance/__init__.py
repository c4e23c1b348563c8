"""The rules of docs/matching.md as a table: each row cites a heading, and differs little from the row before."""
