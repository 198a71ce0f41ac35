"""What every test shares: no time limit on one hypothesis example, as the machine may be busy."""

from hypothesis import settings

settings.register_profile("glassbox", deadline=None)
settings.load_profile("glassbox")
