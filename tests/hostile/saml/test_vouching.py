"""Property: nobody ever stands in an organization whose connection did not vouch for them."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Membership
from sso.models import HandOver
from tests.factories import OrganizationFactory
from tests.hostile.saml import crafting as c
from tests.hostile.saml.trying import send
from tests.sso import signer
from tests.sso.conftest import connect, verify_domain

pytestmark = pytest.mark.requirement("SSO-5", "SSO-6", "JIT-1")

ISSUERS = ("https://x.example/", "https://y.example/")
KEYS = ("k1", "k2")
DOMAINS = ("a.example", "b.example", "sub.a.example", "c.example")
# What is asserted, and whose domain it is: a twin of a domain is nobody's.
ASSERTED = {
    "p@a.example": "a.example",
    "P@A.EXAMPLE ": "a.example",
    "p@b.example": "b.example",
    "p@sub.a.example": "sub.a.example",
    "p@c.example": "c.example",
    "p@d.example": "",
    "p@b.a.example": "",
    "p@a.example.evil.example": "",
    "p@b.example@a.example": "",
    "p@\uff41.example": "",
    "&quot;p@a.example&quot;@b.example": "",
}


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    made=st.lists(
        st.tuples(st.sampled_from(DOMAINS), st.sampled_from(ISSUERS), st.sampled_from(KEYS)),
        min_size=1,
        max_size=3,
        unique_by=lambda values: values[0],
    ),
    asserted=st.sampled_from(sorted(ASSERTED)),
    issuer=st.sampled_from(ISSUERS),
    key=st.sampled_from(KEYS),
    named=st.booleans(),
    sign=st.sampled_from(["assertion", "response", "both"]),
)
def test_nobody_stands_where_no_connection_vouched(  # noqa: PLR0917  hypothesis calls it
    world, made, asserted, issuer, key, named, sign
):
    with transaction.atomic():
        organizations = {}
        for domain, entered, pinned in made:
            organization = OrganizationFactory()
            verify_domain(organization, domain)
            connect(organization, signer.key(pinned), issuer=entered, idp_managed_access=True)
            organizations[organization.pk] = (domain, entered, pinned)
        before = set(Membership.objects.values_list("pk", flat=True))

        inner = c.assertion(
            issuer=issuer,
            subject_xml=c.subject(c.name_id(asserted if named else "x@nobody.example")),
            attributes_xml="" if named else c.attributes(c.attribute("email", asserted)),
        )
        response = send(c.of(inner, sign=sign, by=signer.key(key), issuer=None))

        vouching = {
            pk
            for pk, values in organizations.items()
            if values == (ASSERTED[asserted], issuer, key)
        }
        joined = Membership.objects.exclude(pk__in=before).values_list("organization", flat=True)
        opened = HandOver.objects.values_list("organization", flat=True)
        assert set(joined) == set(opened) == vouching
        assert response.status_code == (303 if vouching else response.status_code)
        assert response.status_code == 303 or 400 <= response.status_code < 500
        transaction.set_rollback(True)
