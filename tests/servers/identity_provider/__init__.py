"""A small SAML 2.0 identity provider on pysaml2, which is not the library the product uses."""

import warnings

from cryptography.utils import CryptographyDeprecationWarning

# pysaml2 names a cipher mode, at import, that it never uses and cryptography wants to be rid of.
warnings.filterwarnings("ignore", message="CFB", category=CryptographyDeprecationWarning)
