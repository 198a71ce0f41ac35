"""What every test shares."""

import os
import tempfile

from hypothesis import settings

# Before any page is imported: tests train into a folder of their own.
os.environ["GLASSBOX_RUNS"] = tempfile.mkdtemp(prefix="glassbox-runs-")

# No time limit on one hypothesis example, as the machine may be busy.
settings.register_profile("glassbox", deadline=None)
settings.load_profile("glassbox")
