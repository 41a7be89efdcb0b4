"""All scenarios: their modules add them by being imported."""

import budget_scenarios  # noqa: F401
import change_scenarios  # noqa: F401
import frame_scenarios  # noqa: F401
import gallery_scenarios  # noqa: F401
import picture_scenarios  # noqa: F401
from stage import ALL, Stage  # noqa: F401
