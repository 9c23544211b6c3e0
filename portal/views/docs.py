"""The view of the page that describes the API."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.api_description import description
from portal.pages.docs import documents, operation_groups


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show every address of the API, with its parameters and its responses."""
    return render(
        request,
        "portal/docs.html",
        {
            "groups": operation_groups(),
            "documents": documents(),
            "info": description()["info"],
        },
    )
