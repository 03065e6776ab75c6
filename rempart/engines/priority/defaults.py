"""The table a government starts from; its command centre edits it afterwards.

The shape follows the deployer's tree of SSVC; the outcomes are this project's own, more severe where a public
service is reachable from the internet. Three rules can be read off it: exploited, reachable and of high
impact means now; nothing known and low impact can wait; a worse input never softens the outcome (a test
proves it).
"""

from itertools import product

from rempart.engines.priority.model import Automatable, Exploitation, Exposure, Outcome
from rempart.engines.priority.table import Table

_LETTER = {
    "D": Outcome.DEFER,
    "S": Outcome.SCHEDULED,
    "O": Outcome.OUT_OF_CYCLE,
    "A": Outcome.ACT_NOW,
}

# Rows: exploitation, exposure, automatable. Letters: impact low, medium, high, very high.
_ROWS = {
    ("none", "internal", "no"): "DDSS",
    ("none", "internal", "yes"): "DSSS",
    ("none", "controlled", "no"): "DSSS",
    ("none", "controlled", "yes"): "DSSO",
    ("none", "internet", "no"): "DSSO",
    ("none", "internet", "yes"): "SSOO",
    ("poc", "internal", "no"): "DSSS",
    ("poc", "internal", "yes"): "DSSO",
    ("poc", "controlled", "no"): "DSSO",
    ("poc", "controlled", "yes"): "SSOO",
    ("poc", "internet", "no"): "SSOO",
    ("poc", "internet", "yes"): "SOOA",
    ("active", "internal", "no"): "SSOO",
    ("active", "internal", "yes"): "SOOA",
    ("active", "controlled", "no"): "SOOA",
    ("active", "controlled", "yes"): "OOAA",
    ("active", "internet", "no"): "OOAA",
    ("active", "internet", "yes"): "OAAA",
}

DEFAULT_TABLE = Table(
    tuple(_LETTER[letter] for row in product(Exploitation, Exposure, Automatable) for letter in _ROWS[row])
)
"""The decision table of a new installation."""
