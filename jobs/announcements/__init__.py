"""Who wants the weather read out, where and when; and what was made for whom on which day."""
