"""One block and one tag that AES-GCM accepts under two keys (https://eprint.iacr.org/2019/016)."""

import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def times(a, b):
    """Multiply in the field of GHASH (NIST SP 800-38D, 6.3)."""
    product = 0
    for bit in range(127, -1, -1):
        product ^= b if a >> bit & 1 else 0
        b = b >> 1 ^ (0xE1 << 120 if b & 1 else 0)
    return product


def power(a, exponent):
    product = 1 << 127
    for bit in f"{exponent:b}":
        product = times(product, product)
        product = times(product, a) if bit == "1" else product
    return product


def collide(keys, nonce, aad):
    """Give one block and the tag that fits it under both keys."""
    blocks = aad + bytes(-len(aad) % 16) + bytes(16) + struct.pack(">QQ", len(aad) * 8, 128)
    sums, squares = 0, 0
    for key in keys:
        ecb = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        h = int.from_bytes(ecb.update(bytes(16)), "big")
        digest = 0
        for at in range(0, len(blocks), 16):
            digest = times(digest ^ int.from_bytes(blocks[at : at + 16], "big"), h)
        sums ^= digest ^ int.from_bytes(ecb.update(nonce + b"\0\0\0\1"), "big")
        squares ^= times(h, h)
    block = times(sums, power(squares, 2**128 - 2))
    tag = digest ^ times(block, times(h, h))
    tag ^= int.from_bytes(ecb.update(nonce + b"\0\0\0\1"), "big")
    return block.to_bytes(16, "big") + tag.to_bytes(16, "big")
