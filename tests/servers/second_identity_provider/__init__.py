"""A second SAML identity provider, on samlify (Node): unrelated to pysaml2 and to libxmlsec."""
