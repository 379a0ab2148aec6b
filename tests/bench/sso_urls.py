"""The floor of a sign-in: one view that verifies a signature and logs in."""

import base64

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from lxml import etree

from accounts.models import User
from tests.sso import signer
from tests.sso.signer import xmlsec


@csrf_exempt
def sign_in(request: HttpRequest) -> HttpResponse:
    root = etree.fromstring(base64.b64decode(request.POST["SAMLResponse"]))
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(
        signer.key().certificate_pem, xmlsec.KeyFormat.CERT_PEM, None
    )
    context.verify(root.find(f".//{{{signer.DS}}}Signature"))
    user = User.objects.get(pk=request.POST["user"])
    login(request, user, "django.contrib.auth.backends.ModelBackend")
    return HttpResponse(status=204)


urlpatterns = [path("bench/sign-in/", sign_in), path("", include("orgsecurity.urls"))]
