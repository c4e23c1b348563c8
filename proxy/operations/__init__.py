"""What one can do with Understudy: each function is one operation, for every face."""
