"""Pages of the library of rules and of what was detected."""

from rempart.detection.pages import detections_urls, library

urlpatterns = [*library.urlpatterns, *detections_urls.urlpatterns]
