"""RFC 7512, as far as a key for a vault needs it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_vault.errors import Misconfigured
from connector_vault.keys import open_keys
from connector_vault.keys.pkcs11.address import address_of

PIN = "canary-4821"
PLAIN = "pkcs11:token=vault;object=key?module-path=/usr/lib/p11.so&pin-source=file:/etc/pin"
LEAST = "pkcs11:object=key?module-path=/p11.so"


def test_an_address_says_which_key_in_which_token():
    address = address_of(PLAIN)

    assert (address.token, address.label) == ("vault", "key")
    assert (address.module, address.pin_file) == ("/usr/lib/p11.so", "/etc/pin")
    assert address.serial is address.manufacturer is address.model is address.slot is None


def test_everything_that_tells_tokens_apart_is_read():
    told = "serial=0a1b;manufacturer=SoftHSM%20project;model=SoftHSM%20v2;slot-id=72"
    slot = "slot-description=A%2FB;slot-manufacturer=C"

    address = address_of(f"pkcs11:{told};{slot};type=secret-key;object=key?module-path=/p11.so")

    assert address.serial == "0a1b"
    assert (address.manufacturer, address.model) == ("SoftHSM project", "SoftHSM v2")
    assert (address.slot, address.slot_description, address.slot_manufacturer) == (72, "A/B", "C")


def test_the_order_of_attributes_means_nothing():
    turned = "pkcs11:object=key;token=vault?pin-source=file:/etc/pin&module-path=/usr/lib/p11.so"

    assert address_of(turned) == address_of(PLAIN)


@given(st.text(min_size=1, max_size=40).filter(lambda text: "\0" not in text))
def test_every_label_can_be_written(label):
    written = "".join(f"%{byte:02x}" for byte in label.encode())

    assert address_of(f"pkcs11:object={written}?module-path=/p11.so").label == label


def test_what_rfc_7512_leaves_unencoded_is_taken():
    assert address_of("pkcs11:object=a:[b]@!$'(c)*+,=&d-_.~?module-path=/x?y/|z").label == (
        "a:[b]@!$'(c)*+,=&d-_.~"
    )


@pytest.mark.parametrize("source", ["file:/etc/pin", "file:///etc/pin", "file://localhost/etc/pin"])
def test_the_file_of_a_pin_is_named_as_files_are(source):
    assert address_of(f"{LEAST}&pin-source={source}").pin_file == "/etc/pin"


@pytest.mark.parametrize(
    "source", ["|/bin/askpin", "file:pin", "file://elsewhere/pin", "/etc/pin", "http://h/pin"]
)
def test_a_pin_comes_from_a_file_of_this_machine(source):
    with pytest.raises(Misconfigured, match="pin-source=file:/PATH"):
        address_of(f"{LEAST}&pin-source={source}")


@pytest.mark.parametrize(
    "uri",
    [
        f"{LEAST}&pin-value={PIN}",
        f"{LEAST}&pin-value={PIN}%20;{PIN}",
        f"{LEAST}&pin-value={PIN}&pin-source=file:/etc/pin",
        f"{LEAST}&pin-value={PIN} {PIN}",
        f"pkcs11:object=key;pin-value={PIN}?module-path=/p11.so",
    ],
)
def test_a_pin_in_the_address_is_refused_and_not_repeated(uri):
    with pytest.raises(Misconfigured, match=r"pin-source=file:/PATH") as caught:
        open_keys(uri)

    assert "mode 600" in str(caught.value)
    assert PIN not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "mend"),
    [
        ("pkcs11:token=vault?module-path=/p11.so", "names no object"),
        ("pkcs11:object=key", "names no module-path"),
        ("pkcs11:object=key?module-name=softhsm2", "module-path=/PATH"),
        ("pkcs11:object=key?module-path=p11.so", "does not begin with /"),
        ("pkcs11:object=key;id=%01?module-path=/p11.so", "takes no id"),
        ("pkcs11:object=key;type=private?module-path=/p11.so", "type other than secret-key"),
        ("pkcs11:object=key;slot-id=x?module-path=/p11.so", "slot-id that is not a number"),
        ("pkcs11:object=key;object=key?module-path=/p11.so", "says object twice"),
        ("pkcs11:object=%ff?module-path=/p11.so", "object that is no text"),
        ("pkcs11:object=a%00b?module-path=/p11.so", "object that is no text"),
        ("pkcs11:object=key?module-path=/p11%00.so", "module-path that is no text"),
    ],
)
def test_an_address_that_will_not_do_says_what_to_mend(uri, mend):
    with pytest.raises(Misconfigured, match=mend):
        address_of(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:",
        "pkcs11:?",
        f"pkcs11:object={PIN}?",
        f"pkcs11:object={PIN};",
        f"pkcs11:object={PIN};;token=t?module-path=/p11.so",
        f"pkcs11:object={PIN} x?module-path=/p11.so",
        f"pkcs11:object={PIN}/x?module-path=/p11.so",
        f"pkcs11:object={PIN}%?module-path=/p11.so",
        f"pkcs11:object={PIN}%g0?module-path=/p11.so",
        f"pkcs11:object={PIN}#x?module-path=/p11.so",
        f"pkcs11:{PIN}?module-path=/p11.so",
        f"pkcs11:object=?module-path=/{PIN}",
        f"pkcs11:object=key?module-path=/p11.so&{PIN}",
        f"pkcs11:object={PIN * 400}?module-path=/p11.so",
    ],
)
def test_a_malformed_address_is_refused_and_not_repeated(uri):
    with pytest.raises(Misconfigured, match=r"malformed.*pkcs11:token=LABEL") as caught:
        address_of(uri)

    assert PIN not in str(caught.value)


@pytest.mark.parametrize("part", ["pin", "library-version", "x-vendor", "colour"])
def test_an_unknown_attribute_is_refused_and_not_repeated(part):
    for uri in (f"{LEAST}&{part}={PIN}", f"pkcs11:object=key;{part}={PIN}?module-path=/p11.so"):
        with pytest.raises(Misconfigured, match="and no more") as caught:
            address_of(uri)

        assert PIN not in str(caught.value)


@given(st.text(max_size=200))
def test_no_address_is_an_accident(text):
    """Whatever is written, it is read, or refused as any wrong setting is."""
    with suppress(Misconfigured):
        assert address_of(f"pkcs11:{text}").label
