"""Pages of the library of rules."""

from rempart.detection.pages import detections_urls, library

urlpatterns = [*library.urlpatterns, *detections_urls.urlpatterns]
