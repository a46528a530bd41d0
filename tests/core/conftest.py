from hypothesis import settings

# A busy machine is slow, not wrong.
settings.register_profile("no clock", deadline=None)
settings.load_profile("no clock")
