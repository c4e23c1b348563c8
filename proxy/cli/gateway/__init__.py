"""Commands that run or switch a gateway."""
