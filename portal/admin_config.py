"""How Django finds the portal's admin site. It imports no models."""

from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    """Django's admin with the portal's site in the place of the default one."""

    default_site = "portal.admin_site.PortalAdminSite"

    def ready(self) -> None:
        """Find every app's pages, and name what they show."""
        super().ready()
        from portal.admin_words import name_fields_and_models  # noqa: PLC0415  now

        name_fields_and_models()
