"""The mandatory tests of CSAF 2.0 (OASIS, section 6.1): what an advisory breaks, by test."""

from rempart.engines.records.conformance.run import TESTS, Failure, failures

__all__ = ["TESTS", "Failure", "failures"]
