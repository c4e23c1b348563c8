"""Tables for people, and the cells that are alike in all of them."""
