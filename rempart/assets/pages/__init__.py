"""Pages of assets, services and inventories."""

from django.urls import path

from rempart.assets.pages import assets, editing, imports, sections

sections.install()

urlpatterns = [
    path("assets/", assets.asset_list, name="asset_list"),
    path("assets/search", assets.asset_search, name="asset_search"),
    path("assets/new", editing.asset_new, name="asset_new"),
    path("assets/edit/<int:asset_id>", editing.asset_edit, name="asset_edit"),
    path("assets/categorise/<int:asset_id>", editing.asset_categorise, name="asset_categorise"),
    path("assets/needs/<int:asset_id>", editing.dependency_add, name="dependency_add"),
    path("assets/needs/remove/<int:edge_id>", editing.dependency_remove, name="dependency_remove"),
    path("assets/<slug:body_code>/<path:key>", assets.asset, name="asset"),
    path("services/", assets.service_list, name="service_list"),
    path("locations/", editing.location_list, name="location_list"),
    path("inventories/", imports.import_list, name="import_list"),
    path("inventories/", imports.import_list, name="inventory_list"),  # its name in the menu
    path("inventories/new", imports.import_new, name="import_new"),
    path("inventories/<int:import_id>", imports.import_detail, name="import_detail"),
    path("inventories/<int:import_id>/mapping", imports.import_map, name="import_map"),
    path("inventories/<int:import_id>/apply", imports.import_apply, name="import_apply"),
    path("inventories/<int:import_id>/discard", imports.import_discard, name="import_discard"),
    path("inventories/<int:import_id>/errors", imports.import_errors, name="import_errors"),
]
