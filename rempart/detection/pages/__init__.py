"""Pages of the library of rules."""

from rempart.detection.pages import library

urlpatterns = [*library.urlpatterns]
