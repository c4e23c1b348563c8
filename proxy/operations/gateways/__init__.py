"""Operations on running gateways."""
