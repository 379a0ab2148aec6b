"""XML signatures and encryption for pysaml2 by the `xmlsec` wheel, instead of the program xmlsec1.

pysaml2 knows two back-ends by name and none by setting: `xmlsec1`, a program started for each
signature, and `XMLSecurity`, which imports a module `xmlsec` that is another package than the wheel
of that name. So `install()` replaces the one function that makes the first of them.
"""

from importlib import metadata
from typing import Any

import xmlsec
from lxml import etree
from saml2 import SamlBase, sigver

DS = xmlsec.constants.DSigNs
SESSION_KEYS = {
    "des-192": (xmlsec.constants.KeyDataDes, 192),
    "aes-128": (xmlsec.constants.KeyDataAes, 128),
    "aes-256": (xmlsec.constants.KeyDataAes, 256),
}


def install() -> None:
    """Let every pysaml2 configuration of this process sign with the wheel."""
    sigver._get_xmlsec_cryptobackend = lambda *_arguments, **_named: WheelBackend()


def any_existing_file() -> str:
    """Return what pysaml2 wants to see before it asks for the back-end: a file that exists."""
    return __file__


class WheelBackend(sigver.CryptoBackend):
    """What pysaml2 asks of a back-end, with libxmlsec in this process."""

    @property
    def version(self) -> str:
        return metadata.version("xmlsec")

    def sign_statement(
        self, statement: Any, node_name: str, key_file: str, node_id: str | None
    ) -> str:
        """Fill in the signature that pysaml2 has prepared below the element with this ID."""
        root = _parsed(statement)
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_file(key_file, xmlsec.constants.KeyDataFormatPem)
        xmlsec.tree.add_ids(root, ["ID"])
        context.sign(_signature_of(root, node_id))
        return etree.tostring(root, encoding="unicode")

    def validate_signature(
        self, signedtext: Any, cert_file: str, cert_type: str, node_name: str, node_id: str | None
    ) -> bool:
        """Verify the signature of the element with this ID; raises SignatureError."""
        root = _parsed(signedtext)
        signature = _signature_of(root, node_id)
        references = signature.findall(f".//{{{DS}}}Reference")
        if [reference.get("URI") for reference in references] != [f"#{node_id}"]:
            raise sigver.SignatureError("the signature covers something else")
        formats = {
            "pem": xmlsec.constants.KeyDataFormatCertPem,
            "der": xmlsec.constants.KeyDataFormatCertDer,
        }
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_file(cert_file, formats[cert_type])
        xmlsec.tree.add_ids(root, ["ID"])
        try:
            context.verify(signature)
        except xmlsec.Error as problem:
            raise sigver.SignatureError(str(problem)) from problem
        return True

    def encrypt_assertion(  # noqa: PLR0917  pysaml2's signature
        self,
        statement: Any,
        enc_key: str,
        template: Any,
        key_type: str = "des-192",
        node_xpath: str | None = None,
        node_id: str | None = None,
    ) -> str:
        """Encrypt the assertion for the certificate in the file `enc_key`."""
        if isinstance(statement, SamlBase):
            statement = sigver.pre_encrypt_assertion(statement)
        root = _parsed(statement)
        (assertion,) = root.xpath(node_xpath or sigver.ASSERT_XPATH)
        manager = xmlsec.KeysManager()
        manager.add_key(xmlsec.Key.from_file(enc_key, xmlsec.constants.KeyDataFormatCertPem))
        context = xmlsec.EncryptionContext(manager)
        kind, bits = SESSION_KEYS[key_type]
        context.key = xmlsec.Key.generate(kind, bits, xmlsec.constants.KeyDataTypeSession)
        context.encrypt_xml(_parsed(template), assertion)
        return etree.tostring(root, encoding="unicode")


def _parsed(statement: Any) -> Any:
    text = statement if isinstance(statement, bytes) else str(statement).encode()
    return etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True))


def _signature_of(root: Any, node_id: str | None) -> Any:
    holder = root.xpath("//*[@ID=$id]", id=node_id)[0] if node_id else root
    signature = holder.find(f"{{{DS}}}Signature")
    if signature is None:
        raise sigver.SignatureError(f"no signature below {holder.tag}")
    return signature
