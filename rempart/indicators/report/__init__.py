"""The two-page report to the authorities: a French page, then the same in English."""

from rempart.indicators.report.document import MARKING, report_pdf

__all__ = ["MARKING", "report_pdf"]
