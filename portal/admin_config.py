"""How Django finds the portal's admin site. It imports no models."""

from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    """Django's admin with the portal's site in the place of the default one."""

    default_site = "portal.admin_site.PortalAdminSite"
