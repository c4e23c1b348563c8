"""Operations on collections, examples and environments."""
