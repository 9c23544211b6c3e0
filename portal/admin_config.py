"""The app configuration by which Django finds the admin site. It imports no models."""

from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    """Django's admin with the portal's site in the place of the default one."""

    default_site = "portal.admin_site.PortalAdminSite"

    def ready(self) -> None:
        """Find every app's admin pages, and set the names of models and fields."""
        super().ready()
        from portal.admin_words import name_fields_and_models  # noqa: PLC0415  now

        name_fields_and_models()
