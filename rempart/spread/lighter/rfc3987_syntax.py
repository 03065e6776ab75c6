"""Stands before the package of this name in Ray's own processes alone, and says that it is not there.

``jsonschema``, which Ray imports in each, would compile the grammar of IRIs at once: three seconds of
processor, four times before Ray is up, and Ray gives up on processes that start so slowly.
"""

raise ImportError("not needed by Ray's processes")
