"""A Ledger's dashboard, played for one loader: it tells its system, takes the secure channel of a loader that it does not know,
as an owner who allows it would let it, and writes down what comes through.

Run by the Python of the loader's environment: the curve and the cipher are those of the loader. What is checked is that the
channel is right; what an installation leaves in flash is checked by `replay.rs`, of the commands that stand in the file.

    dashboard.py TARGET_ID SYSTEM FILE [REFUSAL]

TARGET_ID and SYSTEM are the device's; FILE gets the commands, one a line in hexadecimal; REFUSAL is the status word of the
command that makes the app, in hexadecimal. The port is the first line of the output. It ends when the app is committed.
"""

import socket
import struct
import sys

from Cryptodome.Cipher import AES
from ledgerblue.ecWrapper import PrivateKey, PublicKey
from ledgerblue.hexLoader import SCP_MAC_LENGTH, HexLoader

OK, UNKNOWN, DENIED = 0x9000, 0x6D00, 0x6982
CREATE, COMMIT = 0x0B, 0x09


class Channel:
    """The device's end of the secure channel."""

    def __init__(self, secret):
        keys = HexLoader(None, secure=True, mutauth_result={"ecdh_secret": secret})
        self.enc, self.mac = keys.scp_enc_key, keys.scp_mac_key
        self.enc_iv = self.mac_iv = bytes(16)

    def open(self, data):
        sealed, mac = data[:-SCP_MAC_LENGTH], data[-SCP_MAC_LENGTH:]
        self.mac_iv = AES.new(self.mac, AES.MODE_CBC, self.mac_iv).encrypt(sealed)[-16:]
        if self.mac_iv[-SCP_MAC_LENGTH:] != mac:
            return None
        plain = AES.new(self.enc, AES.MODE_CBC, self.enc_iv).decrypt(sealed)
        self.enc_iv = sealed[-16:]
        return plain[: plain.rindex(b"\x80")]


class Device:
    """What answers, command by command."""

    def __init__(self, target, system, commands, refusal):
        self.target, self.system, self.commands, self.refusal = target, system, commands, refusal
        # No key of Ledger's: a loader of nobody's is told so by the device's owner.
        self.static, self.fleeting = PrivateKey(), PrivateKey()
        self.host_nonce = self.host_key = self.channel = None
        self.done = False

    def answer(self, apdu):
        cla, ins, p1 = apdu[0], apdu[1], apdu[2]
        data = apdu[5:]
        if (cla, ins) == (0xB0, 0x01):
            return OK, b"\x01" + lv(b"BOLOS") + lv(self.system)
        if cla != 0xE0:
            return 0x6E00, b""
        if ins == 0x01:
            return OK, struct.pack(">I", self.target) + lv(self.system) + lv(bytes(4)) + lv(b"4.03\0")
        if ins in (0xDE, 0xDF):
            return OK, b""
        if ins == 0x04:
            return (OK if data == struct.pack(">I", self.target) else 0x6484), b""
        if ins == 0x50:
            self.host_nonce = data
            return OK, bytes(4) + b"devnonce"
        if ins == 0x51:
            return self.certificate(p1, data), b""
        if ins == 0x52:
            return OK, self.own_certificate(p1)
        if ins == 0x53:
            secret = PublicKey(self.host_key, raw=True).ecdh(scalar(self.fleeting))
            self.channel = Channel(secret)
            return OK, b""
        if ins == 0x00 and self.channel:
            return self.secure(self.channel.open(data)), b""
        return UNKNOWN, b""

    def certificate(self, p1, data):
        key, signature = data[1 : 1 + data[0]], data[2 + data[0] :]
        if p1 == 0x80:
            signed = b"\x11" + self.host_nonce + b"devnonce" + key
            self.host_key = key
        else:
            signed = b"\x01" + key
            self.owner = PublicKey(key, raw=True)
        return OK if self.owner.ecdsa_verify(signed, signature) else DENIED

    def own_certificate(self, p1):
        key = self.fleeting if p1 == 0x80 else self.static
        public = bytes(key.pubkey.serialize(compressed=False))
        if p1 == 0x80:
            head, signed = b"", b"\x12" + b"devnonce" + self.host_nonce + public
        else:
            head = b"\x01"
            signed = b"\x02" + head + public
        return lv(head) + lv(public) + lv(bytes(self.static.ecdsa_sign(bytes(signed))))

    def secure(self, plain):
        if plain is None:
            return DENIED
        if self.refusal and plain[0] == CREATE:
            return self.refusal
        self.commands.write("e0000000%02x%s\n" % (len(plain), plain.hex()))
        self.done = plain[0] == COMMIT
        return OK


def lv(data):
    return bytes([len(data)]) + bytes(data)


def scalar(key):
    return bytes.fromhex(key.serialize())


def take(link, length):
    data = b""
    while len(data) < length:
        # The loader sends a command in two pieces, and the second waits until the first is acknowledged.
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        more = link.recv(length - len(data))
        if not more:
            return None
        data += more
    return data


def serve(link, device):
    while True:
        head = take(link, 4)
        apdu = head and take(link, struct.unpack(">I", head)[0])
        if not apdu:
            return
        word, data = device.answer(apdu)
        link.sendall(struct.pack(">I", len(data)) + data + struct.pack(">H", word))


def main(target, system, path, refusal="0"):
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    with open(path, "w", encoding="ascii") as commands:
        device = Device(int(target, 16), system.encode(), commands, int(refusal, 16))
        while not device.done:
            link, _ = listener.accept()
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with link:
                serve(link, device)


main(*sys.argv[1:])
