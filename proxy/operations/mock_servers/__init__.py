"""Operations on mock servers."""
