"""The tick of a material: a person notes that they have read or watched it."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.http import SignedInRequest
from courses.models import Course, Material
from courses.services.reading_progress import set_tick


@login_required
@require_POST
def progress(request: SignedInRequest, slug: str) -> HttpResponse:
    """Set a person's tick (`done`: the material's key) or remove it (`undo`)."""
    is_done = "done" in request.POST
    key = request.POST.get("done") or request.POST.get("undo") or ""
    if "\x00" in key:  # PostgreSQL refuses this in a text
        raise Http404
    course = get_object_or_404(Course.objects.visible_to(request.user), slug=slug)
    material = get_object_or_404(
        Material.objects.opened_to(request.user), course=course, key=key
    )
    set_tick(actor=request.user, material=material, is_done=is_done)
    if request.headers.get("HX-Request"):
        context = {
            "of": {"key": material.key, "name": str(material)},
            "is_done": is_done,
            "progress_url": request.path,
        }
        return render(request, "courses/_tick.html", context)
    if request.POST.get("from") == "material":
        return HttpResponseRedirect(material.get_absolute_url())
    page = reverse("courses:course", args=[slug])
    return HttpResponseRedirect(f"{page}#material-{material.key}")
