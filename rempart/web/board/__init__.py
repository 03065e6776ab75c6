"""The command centre's board, and the rows behind its figures."""

from rempart.web.board.pages import urlpatterns

__all__ = ["urlpatterns"]
