"""Fragmented MP4 (ISO/IEC 14496-12) as CMAF wants it: one track, an initialization that knows no samples, fragments of them."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

TRACK = 1
"""The one track's number: each rendition is a file of its own."""

_UNITY = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_ALONE, _DEPENDENT = 0x02000000, 0x01010000  # sample flags, section 8.8.3.1: depends on no other; on others, and is no sync sample


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture or frame of sound; `duration` in the track's timescale, `sync` if it can be decoded by itself."""

    data: bytes
    duration: int
    sync: bool = True


def picture_init(parameters: tuple[bytes, bytes], size: tuple[int, int], timescale: int) -> bytes:
    """The initialization of an H264 track: `parameters` are its SPS and PPS, `size` its width and height."""
    width, height = size
    looks = struct.pack(">6xH16xHHIIIH32xHh", 1, width, height, 0x480000, 0x480000, 0, 1, 0x18, -1)
    entry = _box(b"avc1", looks, _box(b"avcC", _avc(*parameters)))
    return _init(entry, b"vide", _full(b"vmhd", 1, bytes(8)), timescale, size)


def sound_init(rate: int) -> bytes:
    """The initialization of a stereo AAC-LC track of 48 kHz."""
    sounds = struct.pack(">6xH8xHH4xI", 1, 2, 16, rate << 16)
    return _init(_box(b"mp4a", sounds, _full(b"esds", 0, _aac())), b"soun", _full(b"smhd", 0, bytes(4)), rate, (0, 0))


def fragment(number: int, start: int, samples: Sequence[Sample]) -> bytes:
    """A media segment that begins at `start` in the track's timescale."""
    rows = b"".join(struct.pack(">III", one.duration, len(one.data), _ALONE if one.sync else _DEPENDENT) for one in samples)
    sequence = _full(b"mfhd", 0, struct.pack(">I", number & 0xFFFFFFFF))
    head = _full(b"tfhd", 0x020000, struct.pack(">I", TRACK))  # positions count from the fragment's own beginning
    time = _full(b"tfdt", 0, struct.pack(">Q", start), version=1)

    def moof(offset: int) -> bytes:
        run = _full(b"trun", 0x000701, struct.pack(">Ii", len(samples), offset) + rows)
        return _box(b"moof", sequence, _box(b"traf", head, time, run))

    styp = _box(b"styp", b"msdh", bytes(4), b"msdhmsix")
    return styp + moof(len(moof(0)) + 8) + _box(b"mdat", *(one.data for one in samples))


def _init(entry: bytes, handler: bytes, header: bytes, timescale: int, size: tuple[int, int]) -> bytes:
    empty = [_full(name, 0, bytes(4)) for name in (b"stts", b"stsc", b"stco")]
    table = _box(b"stbl", _full(b"stsd", 0, struct.pack(">I", 1), entry), *empty, _full(b"stsz", 0, bytes(8)))
    here = _box(b"dinf", _full(b"dref", 0, struct.pack(">I", 1), _full(b"url ", 1)))
    language = 0x55C4  # "und": the playlist says which
    media = _box(
        b"mdia",
        _full(b"mdhd", 0, struct.pack(">IIIIHH", 0, 0, timescale, 0, language, 0)),
        _full(b"hdlr", 0, struct.pack(">I4s12x", 0, handler) + b"\0"),
        _box(b"minf", header, here, table),
    )
    volume = 0x0100 if handler == b"soun" else 0
    where = struct.pack(">IIIII8xHHHH", 0, 0, TRACK, 0, 0, 0, 0, volume, 0)
    track = _box(b"trak", _full(b"tkhd", 7, where, _UNITY, struct.pack(">II", size[0] << 16, size[1] << 16)), media)
    movie = _full(b"mvhd", 0, struct.pack(">IIIIIH10x", 0, 0, 1000, 0, 0x10000, 0x0100), _UNITY, bytes(24), struct.pack(">I", TRACK + 1))
    extends = _box(b"mvex", _full(b"trex", 0, struct.pack(">IIIII", TRACK, 1, 0, 0, 0)))
    return _box(b"ftyp", b"iso6", bytes(4), b"iso6cmfcmp41") + _box(b"moov", movie, track, extends)


def _avc(sps: bytes, pps: bytes) -> bytes:
    """AVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 5.3.3.1), with lengths of four bytes."""
    record = b"\x01" + sps[1:4] + b"\xff\xe1" + struct.pack(">H", len(sps)) + sps + b"\x01" + struct.pack(">H", len(pps)) + pps
    high = sps[1] in (100, 110, 122, 144)
    return record + (b"\xfd\xf8\xf8\x00" if high else b"")  # 4:2:0 of 8 bits, as all of WebRTC is (RFC 7742)


def _aac() -> bytes:
    """ES_Descriptor (ISO/IEC 14496-1 section 7.2.6.5) around the AudioSpecificConfig of AAC-LC, 48 kHz, two channels."""
    config = _descriptor(4, struct.pack(">BBxxxII", 0x40, 0x15, 0, 0) + _descriptor(5, b"\x11\x90"))
    return _descriptor(3, struct.pack(">HB", TRACK, 0) + config + _descriptor(6, b"\x02"))


def _descriptor(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content


def _box(kind: bytes, *parts: bytes) -> bytes:
    return struct.pack(">I4s", 8 + sum(map(len, parts)), kind) + b"".join(parts)


def _full(kind: bytes, flags: int, *parts: bytes, version: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), *parts)
